//! JavaScript and TypeScript programs.

use super::super::{Address, End, Host, Port};
use super::{ends, listens, startup, told};

const NODE: &str = "[\"node\", \"index.js\"]";

/// What is told of a program of one file.
fn program(text: &str) -> String {
    told(&startup(NODE, &format!("//- index.js\n{text}")))
}

#[test]
fn an_awaited_connect_of_node_redis_without_error_listener_ends_the_process() {
    let text = "import { createClient } from 'redis';\nconst client = createClient({ url: process.env.REDIS_URL });\nawait client.connect();\n";
    assert_eq!(program(text), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn with_an_error_listener_node_redis_tries_for_ever() {
    let text = "const { createClient } = require('redis');\nconst express = require('express');\nconst client = createClient();\nclient.on('error', (err) => console.error(err));\n(async () => {\n  await client.connect();\n  express().listen(process.env.PORT || 3000);\n})();\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert_eq!(told(&startup), "does not end; does not listen first");
    assert_eq!(listens(&startup), Some(("express", &Host::Every, &Port::Variable)));
}

#[test]
fn a_strategy_that_gives_up_is_counted() {
    let text = "import { createClient } from 'redis';\nconst client = createClient({ socket: { reconnectStrategy: (retries) => { if (retries > 5) return new Error('gone'); return 1000; } } });\nclient.on('error', () => {});\nawait client.connect();\n";
    assert_eq!(program(text), "ends after 5 s, 1 attempts; does not listen first");
}

#[test]
fn an_ioredis_client_connects_in_the_background() {
    let text = "import Redis from 'ioredis';\nimport express from 'express';\nconst redis = new Redis(process.env.REDIS_URL);\nconst app = express();\napp.get('/health', (req, res) => res.send('ok'));\napp.listen(process.env.PORT ?? 3000, '0.0.0.0', () => console.log('up'));\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert_eq!(told(&startup), "no outage");
    assert_eq!((startup.routes.len(), &startup.open_routes), (1, &None));
}

#[test]
fn an_awaited_command_of_ioredis_fails_after_its_retries() {
    let text = "import Redis from 'ioredis';\nconst redis = new Redis();\nawait redis.ping();\n";
    assert_eq!(program(text), "ends after 10 s, 1 attempts; does not listen first");
    let patient = "import Redis from 'ioredis';\nconst redis = new Redis({ maxRetriesPerRequest: null });\nawait redis.ping();\n";
    assert_eq!(program(patient), "does not end; does not listen first");
    let lazy = "import Redis from 'ioredis';\nconst redis = new Redis({ lazyConnect: true });\nawait redis.connect();\n";
    assert_eq!(program(lazy), "ends after 0 s, 1 attempts; does not listen first");
}

#[test]
fn an_error_listener_that_exits_ends_the_process() {
    let text = "const Redis = require('ioredis');\nconst redis = new Redis(process.env.REDIS_URL);\nredis.on('error', (err) => { console.error(err); process.exit(1); });\nconst http = require('http');\nhttp.createServer((req, res) => res.end('ok')).listen(process.env.PORT);\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert!(ends(&startup).iter().all(|end| matches!(end, End::Exit(Some(1), _))), "{:?}", ends(&startup));
}

#[test]
fn main_with_a_catch_that_exits_is_followed() {
    let text = "import { createClient } from 'redis';\nasync function main() {\n  const client = createClient();\n  await client.connect();\n}\nmain().catch((err) => { console.error(err); process.exit(1); });\n";
    assert_eq!(program(text), "ends after 0 s, 1 attempts; does not listen first");
    let caught = text
        .replace("process.exit(1);", "")
        .replace("main().catch", "setInterval(() => {}, 1000);\nmain().catch");
    assert_eq!(program(&caught), "does not end; does not listen first");
}

#[test]
fn a_retry_loop_with_a_promised_wait_is_counted() {
    let text = "import { createClient } from 'redis';\nconst sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));\nasync function connect() {\n  for (let attempt = 1; attempt <= 5; attempt++) {\n    try {\n      const client = createClient();\n      await client.connect();\n      return client;\n    } catch (err) {\n      await sleep(1000 * 2 ** attempt);\n    }\n  }\n  throw new Error('no redis');\n}\nawait connect();\n";
    assert_eq!(program(text), "ends after 62 s, 5 attempts; does not listen first");
}

#[test]
fn listening_first_is_seen_when_the_connection_is_made_in_the_callback() {
    let text = "import express from 'express';\nimport { createClient } from 'redis';\nconst app = express();\napp.listen(3001, async () => {\n  await createClient().connect();\n});\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert_eq!(listens(&startup), Some(("express", &Host::Every, &Port::Literal(3001))));
    assert!(told(&startup).ends_with("listens first"));
}

#[test]
fn listening_after_another_database_is_not_an_outage_of_redis() {
    let text = "const mongoose = require('mongoose');\nconst app = require('express')();\nmongoose.connect(process.env.MONGO_URL).then(() => { app.listen(process.env.PORT); });\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert_eq!(told(&startup), "no outage");
    assert_eq!(listens(&startup), Some(("express", &Host::Every, &Port::Variable)));
}

#[test]
fn fastify_binds_the_loopback_unless_told_otherwise() {
    let text = |host: &str| {
        format!(
            "//- index.js\nimport Fastify from 'fastify';\nconst app = Fastify();\napp.get('/health', async () => ({{}}));\nawait app.listen({{ port: Number(process.env.PORT) || 3000{host} }});\n"
        )
    };
    let default = startup(NODE, &text(""));
    assert_eq!(listens(&default), Some(("fastify", &Host::Loopback("127.0.0.1".into()), &Port::Variable)));
    let every = startup(NODE, &text(", host: '0.0.0.0'"));
    assert_eq!(listens(&every), Some(("fastify", &Host::Every, &Port::Variable)));
}

#[test]
fn destructured_variables_keep_their_defaults() {
    let text =
        "const { PORT = 8080, HOST = '0.0.0.0' } = process.env;\nrequire('express')().listen(PORT, HOST);\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert_eq!(listens(&startup).map(|(_, _, port)| port), Some(&Port::Variable));
    assert_eq!(startup.variables.first().and_then(|read| read.default.as_deref()), None);
}

#[test]
fn a_localhost_default_is_found() {
    for text in [
        "import Redis from 'ioredis';\nconst redis = new Redis(process.env.REDIS_URL || 'redis://localhost:6379');\n",
        "const { createClient } = require('redis');\nconst client = createClient({ url: process.env.REDIS_URL ?? 'redis://localhost:6379' });\n",
    ] {
        let startup = startup(NODE, &format!("//- index.js\n{text}"));
        assert!(
            matches!(&startup.clients.first().unwrap().address, Address::Default(name, _, _) if name == "REDIS_URL"),
            "{text}: {:?}",
            startup.clients
        );
    }
}

#[test]
fn bullmq_with_a_shared_ioredis_client_is_noted() {
    let text = |options: &str| {
        format!(
            "//- index.js\nimport {{ Worker }} from 'bullmq';\nimport IORedis from 'ioredis';\nconst connection = new IORedis(process.env.REDIS_URL{options});\nnew Worker('jobs', async (job) => {{}}, {{ connection }});\n"
        )
    };
    assert!(matches!(startup(NODE, &text("")).misuses.as_slice(), [("bullmq-max-retries", ..)]));
    assert_eq!(startup(NODE, &text(", { maxRetriesPerRequest: null }")).misuses, []);
    assert_eq!(startup(NODE, &text("")).work_loop().map(|(library, _)| library), Some("bullmq"));
}

#[test]
fn typescript_modules_routers_and_a_build_directory_are_followed() {
    let files = "//- package.json\n{\"scripts\": {\"start\": \"node dist/server.js\", \"build\": \"tsc\"}}\n//- src/server.ts\nimport express, { type Request } from 'express';\nimport { router } from './routes/health.js';\nconst app = express();\napp.use('/api', router);\nconst port: number = parseInt(process.env.PORT ?? '3000', 10);\napp.listen(port);\n//- src/routes/health.ts\nimport { Router } from 'express';\nexport const router = Router();\nrouter.get('/health', (_req, res) => { res.json({}); });\n";
    let startup = startup("[\"npm\", \"start\"]", files);
    assert_eq!(startup.files, ["src/server.ts", "src/routes/health.ts"]);
    let paths: Vec<&str> = startup.routes.iter().map(|route| route.path.as_str()).collect();
    assert_eq!((paths, &startup.open_routes), (vec!["/api/health"], &None));
    assert_eq!(listens(&startup), Some(("express", &Host::Every, &Port::Variable)));
}

#[test]
fn commonjs_exports_are_followed() {
    let files = "//- index.js\nconst { connect } = require('./redis');\nconst app = require('./app');\nconnect().then(() => app.listen(process.env.PORT));\n//- app.js\nconst express = require('express');\nconst app = express();\napp.get('/health', (q, r) => r.send('ok'));\nmodule.exports = app;\n//- redis.js\nconst { createClient } = require('redis');\nconst client = createClient();\nasync function connect() { await client.connect(); }\nmodule.exports = { connect };\n";
    let startup = startup(NODE, files);
    assert_eq!(told(&startup), "ends after 0 s, 1 attempts; does not listen first");
    assert!(startup.up.iter().all(super::super::Course::listens));
}

#[test]
fn classes_and_fields_are_followed() {
    let text = "import { createClient } from 'redis';\nclass App {\n  client = createClient();\n  async start() {\n    await this.client.connect();\n    this.run();\n  }\n  run() { console.log('ready'); }\n}\nconst app = new App();\nawait app.start();\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert_eq!(told(&startup), "ends after 0 s, 1 attempts; does not listen first");
    assert!(startup.log_texts().any(|text| text == "ready"));
}

#[test]
fn hono_serves_on_its_port() {
    let text = "import { serve } from '@hono/node-server';\nimport { Hono } from 'hono';\nconst app = new Hono();\napp.get('/health', (c) => c.text('ok'));\nserve({ fetch: app.fetch, port: 3000 });\n";
    let startup = startup(NODE, &format!("//- index.js\n{text}"));
    assert_eq!(listens(&startup), Some(("@hono/node-server", &Host::Every, &Port::Literal(3000))));
    assert!(startup.routes.iter().any(|route| route.path == "/health"));
}

#[test]
fn nest_is_followed_to_its_listen() {
    let text = "import { NestFactory } from '@nestjs/core';\nimport { AppModule } from './app.module';\nasync function bootstrap() {\n  const app = await NestFactory.create(AppModule);\n  app.enableCors();\n  await app.listen(3001);\n}\nbootstrap();\n";
    let startup = startup("[\"npx\", \"tsx\", \"index.ts\"]", &format!("//- index.ts\n{text}"));
    assert_eq!(listens(&startup), Some(("nest", &Host::Every, &Port::Literal(3001))));
    assert!(startup.open_routes.is_some());
}

#[test]
fn the_script_of_a_package_elsewhere_in_the_tree_is_followed() {
    let files = "//- package.json\n{\"private\": true, \"workspaces\": [\"apps/*\"]}\n//- apps/api/package.json\n{\"name\": \"@acme/api\", \"scripts\": {\"start\": \"node main.js\"}}\n//- apps/api/main.js\nrequire('http').createServer(() => {}).listen(process.env.PORT);\n//- Dockerfile\nFROM base\nWORKDIR /app\nCOPY . .\nCMD ";
    for command in [
        "pnpm --filter @acme/api start",
        "pnpm --filter=@acme/api run start",
        "npm start --workspace @acme/api",
        "yarn workspace @acme/api start",
        "npm --prefix apps/api start",
        "pnpm -C apps/api start",
        "cd apps/api && npm start",
    ] {
        let startup = startup("", &format!("{files}{command}\n"));
        let file = startup.entry.yes().and_then(|entry| entry.file.as_deref());
        assert_eq!((file, startup.listens().len()), (Some("apps/api/main.js"), 1), "{command}");
    }
    for command in ["pnpm --filter @acme/web start", "pnpm -r start", "npm --prefix web start"] {
        assert!(startup("", &format!("{files}{command}\n")).entry.is_unknown(), "{command}");
    }
}
