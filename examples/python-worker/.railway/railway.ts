import { defineRailway, github, project, redis, service } from "railway/iac";

export default defineRailway(() => {
  const queue = redis("Redis");
  const build = {
    builder: "DOCKERFILE",
    dockerfilePath: "Dockerfile",
    watchPatterns: ["/service/**", "/requirements.txt", "/worker.toml", "/Dockerfile", "/.dockerignore"],
  };

  const api = service("api", {
    source: github("example/documents"),
    build,
    start: "python -m service.api",
    healthcheck: "/health",
    healthcheckTimeout: 120,
    deploy: { restartPolicyType: "ON_FAILURE", restartPolicyMaxRetries: 10 },
    env: { REDIS_URL: queue.env.REDIS_URL },
  });

  const worker = service("worker", {
    source: github("example/documents"),
    build,
    healthcheck: "/health",
    healthcheckTimeout: 120,
    deploy: { restartPolicyType: "ON_FAILURE", restartPolicyMaxRetries: 10, drainingSeconds: 30 },
    env: { REDIS_URL: queue.env.REDIS_URL },
  });

  return project("documents", { resources: [queue, api, worker] });
});
