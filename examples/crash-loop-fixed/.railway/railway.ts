import { defineRailway, github, project, redis, service } from "railway/iac";

export default defineRailway(() => {
  const queue = redis("Redis");

  const api = service("api", {
    source: github("example/documents"),
    build: {
      builder: "DOCKERFILE",
      dockerfilePath: "api.Dockerfile",
      watchPatterns: ["/backend/**", "/requirements.txt", "/api.Dockerfile", "/.dockerignore"],
    },
    healthcheck: "/health",
    healthcheckTimeout: 120,
    deploy: { restartPolicyType: "ON_FAILURE", restartPolicyMaxRetries: 10 },
    env: { REDIS_URL: queue.env.REDIS_URL },
  });

  const worker = service("worker", {
    source: github("example/documents"),
    build: {
      builder: "DOCKERFILE",
      dockerfilePath: "worker.Dockerfile",
      watchPatterns: ["/backend/**", "/requirements.txt", "/worker.Dockerfile", "/.dockerignore"],
    },
    healthcheck: "/health",
    healthcheckTimeout: 120,
    deploy: { restartPolicyType: "ON_FAILURE", restartPolicyMaxRetries: 10, drainingSeconds: 60 },
    env: { REDIS_URL: queue.env.REDIS_URL },
  });

  return project("documents", { resources: [queue, api, worker] });
});
