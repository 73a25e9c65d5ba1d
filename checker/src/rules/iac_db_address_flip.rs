//! A database that is declared as a service.

use crate::facts::Facts;
use crate::facts::railway_iac::Origin;
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// `service()` in `.railway/railway.ts` runs an image that Railway takes for a database.
    ///
    /// ## Why it matters
    /// Railway's command line gives a live service whose image name holds `postgres`, `mysql`, `redis` or `mongo` the address
    /// `database.<name>`. A `service()` of that name has the address `service.<name>`, so every plan after the first one
    /// deletes the database and creates it anew.
    ///
    /// ## What to do
    /// Declare it with `redis()`, `postgres()`, `mysql()` or `mongo()`, or with `database()` and your image.
    ///
    /// ## What it cannot know
    /// Whether it has been applied yet. Tools such as redis-commander are hit as well, because only the name of the image
    /// is looked at.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, image, project, service } from "railway/iac";
    /// const cache = service("cache", { source: image("redis:8") });
    /// export default defineRailway(() => project("p", { resources: [cache] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { database, defineRailway, image, project, redis, service } from "railway/iac";
    /// const other = service("proxy", { source: image("nginx:1.27") });
    /// export default defineRailway(() => project("p", { resources: [redis("cache"), other, database("pg", "postgres", { image: "postgis/postgis:17" })] }));
    /// ```
    "iac-db-address-flip", Warning, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli"]
}

const ENGINES: [(&str, &str); 4] =
    [("postgres", "postgres()"), ("mysql", "mysql()"), ("redis", "redis()"), ("mongo", "mongo()")];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    for service in &iac.services {
        let Known::Yes(Origin::Image(image)) = &service.source else { continue };
        let name = image.to_ascii_lowercase();
        let Some((_, builder)) = ENGINES.iter().find(|(engine, _)| name.contains(engine)) else { continue };
        let message = format!(
            "Railway takes `{image}` for a database, so a later plan deletes this service and creates it anew"
        );
        let finding = out.at(Site::new(iac.path.clone(), service.span), message);
        finding.help(format!("Declare it with `{builder}`, or with `database()` and this image"));
        if let Some(name) = service.name.yes() {
            finding.service(name);
        }
    }
}
