// What a person finds on the panel.
import { expect, expectFigures, open, test, tile } from "./studio";

test("five tiles show what the interface says", async ({ page, demo }) => {
  await open(page, demo);
  await expect(page.locator("[data-tile]")).toHaveCount(5);
  await expectFigures(page, demo, "range=live");
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/\w+\./);
  await expect(page.getByText("Demo data")).toBeVisible();
});

test("a tile leads the chart when it is picked", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  await page.getByRole("link", { name: "P95 latency" }).click();
  await expect(page).toHaveURL(/tile=latency/);
  await expect(page.getByRole("heading", { name: "P95 latency by the day" })).toBeVisible();
  await expect(page.getByRole("link", { name: "P95 latency" })).toHaveAttribute("aria-current", "true");
  await page.getByRole("navigation", { name: "Chart" }).getByRole("link", { name: "Tokens" }).click();
  await expect(page.getByRole("heading", { name: "Tokens a day" })).toBeVisible();
});

test("a figure explains itself", async ({ page, demo }) => {
  await open(page, demo, "/?range=30d");
  await page.locator("summary[aria-label='Explain Success rate']").click();
  await expect(tile(page, "success")).toContainText("agents that succeeded ÷ agents");
  await page.keyboard.press("Escape");
  await expect(tile(page, "success").locator("details")).not.toHaveAttribute("open");
});

test("the chart is a slider with a table behind it", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  const chart = page.getByRole("slider", { name: "Cost a day" });
  await chart.focus();
  await page.keyboard.press("Home");
  const { buckets } = await demo.json("/api/metrics/history?range=90d");
  await expect(chart).toHaveAttribute("aria-valuenow", "0");
  await expect(chart).toHaveAttribute("aria-valuetext", new RegExp(`, ${buckets[0].runs} runs`));
  await page.keyboard.press("ArrowRight");
  await expect(chart).toHaveAttribute("aria-valuetext", new RegExp(`, ${buckets[1].runs} runs`));
  await page.keyboard.press("t");
  const rows = page.getByRole("region", { name: "The chart as a table" }).getByRole("row");
  await expect(rows).toHaveCount(buckets.length + 1);
  await expect(rows.nth(1)).toContainText("(so far)");
});

test("the newest runs and the balance stand below", async ({ page, demo }) => {
  await open(page, demo);
  const newest = await demo.json("/api/metrics/campaign?limit=10");
  await expect(page.locator("tr[data-run]")).toHaveCount(newest.runs.length);
  await expect(page.locator("tr[data-run]").first()).toHaveAttribute("data-run", newest.runs[0].id);
  await expect(page.getByText("0 unaccounted")).toBeVisible();
  await page.getByRole("link", { name: "Why these numbers are right" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Nothing is lost.");
});

test("nothing moves while the page loads and lives", async ({ page, demo }) => {
  await page.clock.install();
  await page.addInitScript(() => {
    (window as any).shifts = [];
    new PerformanceObserver((list) => {
      for (const shift of list.getEntries() as any[]) {
        // Words that grow by a letter move the words behind them on their line: that much is content.
        if (shift.value < 0.0005) continue;
        const moved = shift.sources?.map((source: any) => source.node?.className ?? source.node?.nodeName);
        (window as any).shifts.push(`${shift.value} ${moved}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await open(page, demo);
  await page.clock.fastForward(11_000);
  for (const range of ["30 days", "60 days", "90 days"]) {
    await page.getByRole("navigation", { name: "Range" }).getByRole("link", { name: range }).click();
    await expect(page.getByRole("link", { name: range })).toHaveAttribute("aria-current", "true");
    await expect(page.locator(".chart .caption")).not.toBeEmpty();
  }
  expect(await page.evaluate(() => (window as any).shifts)).toEqual([]);
});

test("the theme is chosen and kept", async ({ page, demo }) => {
  await open(page, demo);
  await page.getByRole("button", { name: "Dark theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("the browser's own time zone is offered and kept", async ({ page, demo }) => {
  await open(page, demo, "/?range=30d");
  await page.getByRole("link", { name: "Use Europe/Berlin" }).click();
  await expect(page.getByText("Days in Europe/Berlin")).toBeVisible();
  await expect(page).toHaveURL(/tz=Europe/);
  await expectFigures(page, demo, "range=30d&tz=Europe/Berlin");
  await open(page, demo, "/?range=30d");
  await expect(page.getByText("Days in Europe/Berlin")).toBeVisible();
});

test("an empty panel invites the first run and shows it", async ({ page, empty }) => {
  await page.clock.install();
  await open(page, empty);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Ready for the first run.");
  await expect(page.getByText("curl")).toContainText(`${empty.url}/api/metrics/campaign`);
  await expect(tile(page, "cost")).toContainText("–");
  await empty.post({ runId: "first", costUSD: 0.25 });
  await page.clock.fastForward(10_000);
  await expect(tile(page, "cost").locator("data")).toHaveAttribute("value", "0.25000");
  await expect(page.getByText("curl")).toHaveCount(0);
});
