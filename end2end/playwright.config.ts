// The panel in a real browser against a real server. `cargo xtask test e2e` says where both are.
import { defineConfig } from "@playwright/test";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testDir: "tests",
  fullyParallel: false,
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  snapshotPathTemplate: "pictures/{arg}{ext}",
  updateSnapshots: process.env.STUDIO_ACCEPT ? "all" : "none",
  use: {
    viewport: { width: 1320, height: 1000 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    launchOptions: { executablePath: process.env.STUDIO_CHROMIUM ?? "/usr/bin/chromium", args: flags },
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "live", testIgnore: /plain\.spec\.ts/ },
    { name: "plain", testMatch: /plain\.spec\.ts/, use: { javaScriptEnabled: false } },
  ],
});
