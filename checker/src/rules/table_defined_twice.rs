//! Two classes of one program define the same table.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::facts::chain::When;
use crate::facts::program::{Class, ExprKind, Language, Module, StepKind};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// Two models of SQLAlchemy that the program loads define the same table.
    ///
    /// ## Why it matters
    /// The second class ends the program while it is loaded:
    /// `sqlalchemy.exc.InvalidRequestError: Table 'x' is already defined for this MetaData instance.`
    ///
    /// ## What to do
    /// Keep one of the classes and import it where the other one is used.
    ///
    /// ## What it cannot know
    /// Whether two bases that are imported from different places are one; then it is silent. So it is where `extend_existing`
    /// or a schema is set. A model that is loaded inside a function or under a condition is a warning.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install sqlalchemy
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import tax, stock
    /// //- base.py
    /// from sqlalchemy.orm import declarative_base
    /// Base = declarative_base()
    /// //- tax.py
    /// from base import Base
    /// class Rate(Base):
    ///     __tablename__ = "rates"
    /// //- stock.py
    /// from base import Base
    /// class StockRate(Base):
    ///     __tablename__ = "rates"
    /// ```
    ///
    /// Other bases, other tables, a table that may be extended, and a module that nothing loads:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install sqlalchemy
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import a, b, c, d
    /// //- base.py
    /// Base = OtherBase = object
    /// //- a.py
    /// from base import Base
    /// class Rate(Base):
    ///     __tablename__ = "rates"
    /// class Price(Base):
    ///     __tablename__ = "prices"
    /// //- b.py
    /// from base import OtherBase
    /// class Rate(OtherBase):
    ///     __tablename__ = "rates"
    /// //- c.py
    /// from base import Base
    /// class Price(Base):
    ///     __tablename__ = "prices"
    ///     __table_args__ = {"extend_existing": True}
    /// //- d.py
    /// from archive import Base
    /// class Rate(Base):
    ///     __tablename__ = "rates"
    /// //- archive.py
    /// Base = type("Base", (), {})
    /// //- e.py
    /// from base import Base
    /// class Rate(Base):
    ///     __tablename__ = "rates"
    /// ```
    "table-defined-twice", Error, Start, since "0.3.0",
    sources: ["https://docs.sqlalchemy.org/en/20/orm/declarative_tables.html"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told: Vec<Site> = Vec::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for trace in delivered.traces.iter().filter(|trace| trace.stated && !trace.build) {
            let mut tables: BTreeMap<(String, String), (Site, When)> = BTreeMap::new();
            for reached in trace.chain.modules.iter().filter(|reached| reached.when <= When::Lazy) {
                for (key, span) in defined(facts, &reached.source) {
                    let site = Site::new(reached.source.clone(), span);
                    let Some((first, when)) = tables.get(&key) else {
                        tables.insert(key, (site, reached.when));
                        continue;
                    };
                    if told.contains(&site) || *first == site {
                        continue;
                    }
                    told.push(site.clone());
                    let message = format!(
                        "the table `{}` is already defined by another class, so the program ends here",
                        key.0
                    );
                    let finding = out.at(site, message);
                    finding.service(&service.name).related(first.clone(), "the other class");
                    finding.help("Keep one of the two classes");
                    let certain = trace.firm && *when == When::Always && reached.when == When::Always;
                    if !certain || !service.selected {
                        finding.severity(Severity::Warning);
                    }
                }
            }
        }
    }
}

/// The tables that the module at `path` defines, each with the base it belongs to.
fn defined(facts: &Facts<'_>, path: &str) -> Vec<((String, String), Span)> {
    let text = facts.snapshot.text(path);
    let settled = ["extend_existing", "keep_existing", "\"schema\"", "'schema'"];
    if !text.is_ok_and(|text| {
        text.text.contains("__tablename__") && !settled.iter().any(|word| text.text.contains(word))
    }) {
        return Vec::new();
    }
    let Some(module) = facts.module(path).filter(|module| module.language == Language::Python) else {
        return Vec::new();
    };
    let classes = module.body.iter().filter_map(|step| match &step.kind {
        StepKind::Class(class) => Some(class),
        _ => None,
    });
    let tables = classes.filter_map(|class| {
        let name = class.fields.iter().find(|(name, _)| name == "__tablename__")?.1.as_ref()?;
        let ExprKind::Text(table) = &name.kind else { return None };
        Some(((table.clone(), base(&module, class)?), name.span))
    });
    tables.collect()
}

/// The base that `class` takes its tables from, told by the module it is imported from and its name there.
fn base(module: &Module, class: &Class) -> Option<String> {
    let name = class.bases.iter().find_map(|base| match &base.kind {
        ExprKind::Name(name) if name.ends_with("Base") => Some((name.as_str(), "")),
        ExprKind::Member(inner, model) if model == "Model" => match &inner.kind {
            ExprKind::Name(name) => Some((name.as_str(), ".Model")),
            _ => None,
        },
        _ => None,
    });
    let (name, member) = name?;
    let imported = module.body.iter().find_map(|step| match &step.kind {
        StepKind::Import(import) if import.from => {
            let (inner, _) = import.names.iter().find(|(_, local)| local == name)?;
            // A relative and an absolute name of one module end alike.
            Some(format!("{}:{inner}{member}", import.module.rsplit('.').next().unwrap_or_default()))
        }
        _ => None,
    });
    imported.or_else(|| Some(format!("{}:{name}{member}", stem(&module.path))))
}

fn stem(path: &str) -> &str {
    let path = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}
