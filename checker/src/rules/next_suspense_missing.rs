//! A page that reads the query of its address while the build renders it.

use std::collections::BTreeSet;

use crate::facts::pattern::Pattern;
use crate::facts::{Facts, next_pages};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A page of Next.js calls `useSearchParams` and no `Suspense` stands around it.
    ///
    /// ## Why it matters
    /// The build renders every page that has a fixed address, and there is no query then: `useSearchParams() should be wrapped in a
    /// suspense boundary at page "/x"`, `Export encountered an error`, and `next build` ends with status 1. `next dev` does not
    /// say so.
    ///
    /// ## What to do
    /// Move the part that calls it into a component of its own and put `<Suspense>` around that in the page.
    ///
    /// ## What it cannot know
    /// What a layout does through its own functions, so it is a warning. A page with a
    /// parameter in its path, or that is rendered at each request, is left alone. So is a component that another module wraps.
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx next build
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "^15.1.0"}}
    /// //- app/layout.tsx
    /// export default ({ children }) => <html><body>{children}</body></html>;
    /// //- app/done/page.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export default function Done() {
    ///     const query = useSearchParams();
    ///     return <p>{query.get("id")}</p>;
    /// }
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"dependencies": {"next": "^15.1.0"}, "scripts": {"build": "next build", "start": "next start"}}
    /// //- app/done/page.tsx
    /// import { Status } from "./status";
    /// export default () => <Status />;
    /// //- app/done/status.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export const Status = () => <p>{useSearchParams().get("id")}</p>;
    /// ```
    ///
    /// Wrapped, in the page or by a file `loading`; rendered at each request; an older Next:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx next build
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "^15.1.0"}}
    /// //- app/done/page.tsx
    /// import { Suspense } from "react";
    /// import { Status } from "./status";
    /// export default () => <Suspense><Status /></Suspense>;
    /// //- app/done/status.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export const Status = () => <p>{useSearchParams().get("id")}</p>;
    /// //- app/slow/loading.tsx
    /// export default () => <p>…</p>;
    /// //- app/slow/page.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export default () => <p>{useSearchParams().get("id")}</p>;
    /// //- app/item/[id]/page.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export default () => <p>{useSearchParams().get("id")}</p>;
    /// //- app/mine/layout.tsx
    /// import { cookies } from "next/headers";
    /// export default async ({ children }) => (await cookies()).get("a") ? children : null;
    /// //- app/mine/app/layout.tsx
    /// export default ({ children }) => children;
    /// //- app/mine/app/page.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export default () => <p>{useSearchParams().get("id")}</p>;
    /// //- app/mine/page.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export default () => <p>{useSearchParams().get("id")}</p>;
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:18
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx next build
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "^13.5.0"}}
    /// //- app/done/page.tsx
    /// "use client";
    /// import { useSearchParams } from "next/navigation";
    /// export default () => <p>{useSearchParams().get("id")}</p>;
    /// ```
    "next-suspense-missing", Warning, Build, since "0.3.0",
    sources: ["https://nextjs.org/docs/messages/missing-suspense-with-csr-bailout"]
}

/// The first version that ends the build over it.
const SINCE: u32 = 14;
/// Words that show that a module wraps what it renders, or renders it in the browser only.
const WRAPS: [&str; 3] = ["Suspense", "dynamic(", "ClientOnly"];

static CALL: Pattern = Pattern::new(r"\buseSearchParams\(\s*\)", "useSearchParams");

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for trace in next_pages::builds(delivered) {
            for (at, reached) in trace.chain.modules.iter().enumerate() {
                let Ok(text) = facts.snapshot.text(&reached.source) else { continue };
                let Some(call) = CALL.find(&text.text).filter(|_| text.text.contains("next/navigation"))
                else {
                    continue;
                };
                let trail = trace.chain.trail(at);
                let Some(page) = trail.first().filter(|page| next_pages::is_fixed_page(page)) else {
                    continue;
                };
                if next_pages::major(facts, page, "next").is_none_or(|major| major < SINCE)
                    || trail.len() > 3
                    || trail.iter().any(|source| is_left_alone(facts, source))
                    || is_switched_off(facts, page)
                {
                    continue;
                }
                let Some(above) = next_pages::above(facts, page) else { continue };
                let wrapped = |text: &String| next_pages::is_dynamic(text) || text.contains("Suspense");
                if above.loading || above.texts.iter().any(wrapped) || !told.insert(reached.source.clone()) {
                    continue;
                }
                let page = (*page).to_owned();
                let message = "`next build` renders this page and stops here: no `Suspense` stands around it";
                let finding = out.at(Site::new(reached.source.clone(), call.start()..call.end()), message);
                finding.service(&service.name);
                finding.help("Put `<Suspense>` around the component that calls `useSearchParams`");
                if page != reached.source {
                    finding.related(Site::file(page), "the page");
                }
            }
        }
    }
}

fn is_left_alone(facts: &Facts<'_>, source: &str) -> bool {
    let text = facts.snapshot.text(source);
    text.map_or(true, |text| {
        WRAPS.iter().any(|word| text.text.contains(word)) || next_pages::is_dynamic(&text.text)
    })
}

/// True when the configuration takes the error away.
fn is_switched_off(facts: &Facts<'_>, page: &str) -> bool {
    let home = facts.nearest_project(page).map_or("", |project| project.directory.as_str());
    ["js", "mjs", "ts", "cjs"].iter().any(|end| {
        let path = crate::facts::startup::join(home, &format!("next.config.{end}"));
        let text = facts.snapshot.text(&path);
        text.is_ok_and(|text| text.text.contains("missingSuspenseWithCSRBailout"))
    })
}
