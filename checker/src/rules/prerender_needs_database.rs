//! A page that asks the database while the build renders it.

use std::collections::BTreeSet;

use crate::facts::pattern::Pattern;
use crate::facts::{Facts, next_pages};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A page of Next.js asks the database, and nothing says that it is rendered at each request.
    ///
    /// ## Why it matters
    /// `next build` renders every page with a fixed address. The private network is not there during the build, so that the
    /// query fails: `Error occurred prerendering page "/x"`, `Can't reach database server at postgres.railway.internal`, and
    /// the build ends. Where it can be reached, visitors see the data of the day of the build.
    ///
    /// ## What to do
    /// Say `export const dynamic = "force-dynamic"` in the page.
    ///
    /// ## What it cannot know
    /// Whether the database has a public address in the build; so it is a warning. Queries in functions of other modules are
    /// not seen.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx next build
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "^15.1.0", "@prisma/client": "^6.0.0"}}
    /// //- app/links/page.tsx
    /// import { prisma } from "@/lib/prisma";
    /// export default async function Links() {
    ///     const links = await prisma.link.findMany();
    ///     return <p>{links.length}</p>;
    /// }
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx next build
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "^15.1.0", "@prisma/client": "^6.0.0"}}
    /// //- app/links/page.tsx
    /// import { prisma } from "@/lib/prisma";
    /// export const dynamic = "force-dynamic";
    /// export default async function Links() {
    ///     const links = await prisma.link.findMany();
    ///     return <p>{links.length}</p>;
    /// }
    /// //- app/find/page.tsx
    /// import { prisma } from "@/lib/prisma";
    /// export default async function Find({ searchParams }) {
    ///     const links = await prisma.link.findMany({ where: await searchParams });
    ///     return <p>{links.length}</p>;
    /// }
    /// //- app/link/[id]/page.tsx
    /// import { prisma } from "@/lib/prisma";
    /// export default async function Link({ params }) {
    ///     const link = await prisma.link.findFirst({ where: await params });
    ///     return <p>{link.name}</p>;
    /// }
    /// //- app/new/page.tsx
    /// import { prisma } from "@/lib/prisma";
    /// export default function New() {
    ///     async function save() {
    ///         "use server";
    ///         await prisma.link.create({ data: {} });
    ///     }
    ///     return <form action={save} />;
    /// }
    /// ```
    "prerender-needs-database", Warning, Build, since "0.3.0",
    sources: [
        "https://nextjs.org/docs/messages/prerender-error",
        "https://docs.railway.com/networking/private-networking/how-it-works",
    ]
}

/// Libraries that ask a database over the network.
const LIBRARIES: [&str; 8] =
    ["@prisma/client", "drizzle-orm", "pg", "postgres", "mysql2", "mongoose", "mongodb", "kysely"];

static QUERY: Pattern = Pattern::new(
    r"\bprisma\s*\.\s*\w+\s*\.\s*(?:find\w+|count|aggregate|groupBy)\(|\bawait\s+(?:db|sql|pool)\s*(?:\.\s*\$?\w+\s*(?:\.\s*\w+\s*)?\(|`)",
    "",
);

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for trace in next_pages::builds(delivered) {
            for page in next_pages::fixed_pages(trace) {
                let asks = |name: &str| {
                    facts.nearest_project(&page.source).is_some_and(|project| {
                        project.dependencies.iter().any(|each| each.name.value == name)
                    })
                };
                let Ok(text) = facts.snapshot.text(&page.source) else { continue };
                let Some(query) = QUERY.find(&text.text) else { continue };
                let own = &text.text;
                if !LIBRARIES.iter().any(|name| asks(name))
                    || next_pages::is_client(own)
                    || next_pages::is_dynamic(own)
                    || own.contains("use server")
                    || own.contains("searchParams")
                    || own.contains("catch")
                {
                    continue;
                }
                let dynamic = next_pages::above(facts, &page.source)
                    .is_none_or(|above| above.texts.iter().any(|text| next_pages::is_dynamic(text)));
                if dynamic || !told.insert(page.source.clone()) {
                    continue;
                }
                let message =
                    "`next build` renders this page, and the build does not reach the private network";
                out.at(Site::new(page.source.clone(), query.start()..query.end()), message)
                    .service(&service.name)
                    .help("Say `export const dynamic = \"force-dynamic\"` in the page");
            }
        }
    }
}
