// What Railway should run, as code. Nothing reads this file during a deployment: `railway config apply` does, once.
import { defineRailway, github, project, redis, service } from "railway/iac";

export default defineRailway(() => {
  const queue = redis("Redis");
  const worker = service("worker", {
    source: github("preflight-action/preflight"),
    build: {
      builder: "DOCKERFILE",
      dockerfilePath: "Dockerfile",
      watchPatterns: ["/worker/**", "/Cargo.toml", "/Cargo.lock", "/Dockerfile", "/.dockerignore"],
    },
    healthcheck: "/health",
    healthcheckTimeout: 120,
    deploy: {
      restartPolicyType: "ON_FAILURE",
      restartPolicyMaxRetries: 10,
      drainingSeconds: 30,
    },
    env: {
      REDIS_URL: queue.env.REDIS_URL,
    },
  });
  return project("preflight", { resources: [queue, worker] });
});
