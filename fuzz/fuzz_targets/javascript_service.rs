//! Everything that is read of a program in TypeScript: imports, start-up, routes, variables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use preflight_fuzz::check;

const DOCKERFILE: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install && npx tsc\nCMD [\"npx\", \"tsx\", \"main.ts\"]\n";

fuzz_target!(|source: &str| {
    check(&[
        ("Dockerfile", DOCKERFILE),
        ("package.json", r#"{"dependencies": {"express": "5", "tsx": "4", "typescript": "5"}}"#),
        ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist", "paths": {"@/*": ["./*"]}}}"#),
        ("main.ts", source),
    ]);
});
