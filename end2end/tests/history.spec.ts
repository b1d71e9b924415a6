// Days of the calendar, what they are compared with, why a figure moved, and what it is made of.
import { expect, expectFigures, open, test } from "./studio";

test("days are chosen from a calendar, in place", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  await page.evaluate(() => ((window as any).same = true));
  await page.locator("#dates > summary").click();
  await page.getByLabel("From").fill("2026-10-20");
  await page.getByLabel("To", { exact: true }).fill("2026-10-31");
  await page.locator("#dates").getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/\?from=2026-10-20&to=2026-10-31$/);
  await expect(page.locator("#dates > summary")).toContainText("20 Oct – 31 Oct");
  await expect(page.getByLabel("From")).toBeHidden();
  await expectFigures(page, demo, "from=2026-10-20&to=2026-11-01");
  await page.goBack();
  await expectFigures(page, demo, "range=90d");
  await page.keyboard.press("3");
  await expectFigures(page, demo, "range=30d");
  expect(await page.evaluate(() => (window as any).same), "the page was not loaded again").toBe(true);
});

test("a comparison is kept in the address and for the next visit", async ({ page, demo }) => {
  await open(page, demo, "/?range=30d");
  await page.keyboard.press("c");
  await expect(page.getByLabel("Compared with")).toBeFocused();
  await page.getByLabel("Compared with").selectOption("weekdays");
  await expect(page).toHaveURL(/compare=weekdays/);
  await expectFigures(page, demo, "range=30d&compare=weekdays");
  await expect(page.locator(".end")).toContainText("same weekdays");
  await open(page, demo, "/?range=30d");
  await expect(page.getByLabel("Compared with")).toHaveValue("weekdays");
  await expectFigures(page, demo, "range=30d&compare=weekdays");
  await page.getByLabel("Compared with").selectOption("none");
  await expectFigures(page, demo, "range=30d&compare=none");
  await expect(page.locator(".bridge")).toContainText("Nothing is compared with");
  await expect(page.locator("[data-tile=cost] .delta")).not.toContainText("before");
});

test("the parts of a change add up on the page", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  for (const [tile, link] of [["cost", "Cost"], ["success", "Success"], ["latency", "Latency"], ["tokens", "Tokens"]]) {
    await page.getByRole("navigation", { name: "Chart" }).getByRole("link", { name: link }).click();
    await expect(page).toHaveURL(tile === "cost" ? /range=90d$/ : new RegExp(`tile=${tile}`));
    await expect(page.locator(".bridge .method")).toContainText("add up");
    await expect(page.locator(".breakdown caption, .breakdown h2")).toHaveText("By campaign");
    await expect(page.locator(`[data-tile=${tile}] h2 a`)).toHaveAttribute("aria-current", "true");
    await expect
      .poll(async () => {
        const texts = await page.locator(".bridge tr > .number:last-child").allTextContents();
        const numbers = texts.slice(1).map((text) => Number(text.replace("−", "-").replace(/[^-0-9.]/g, "")));
        const [before, now, parts] = [numbers[0], numbers[numbers.length - 1], numbers.slice(1, -1)];
        return Math.abs(now - before - parts.reduce((sum, part) => sum + part, 0)) < 1e-6;
      }, { message: tile })
      .toBe(true);
  }
});

test("sorting and telling apart keep the focus", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  const runs = page.getByRole("link", { name: "Runs" });
  await runs.focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/sort=runs/);
  await expect(page.locator(".breakdown th[aria-sort=descending]")).toContainText("Runs");
  await expect(runs).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator(".breakdown th[aria-sort=ascending]")).toContainText("Runs");
  await page.locator("#parts-by-phase").click();
  await expect(page.locator(".breakdown tbody th").first()).toContainText("Phase");
  await expect(page.locator("#parts-by-phase")).toBeFocused();
});

test("a campaign has a page that lives, and a run one that tells all", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  const first = page.locator(".breakdown tbody th a").first();
  const name = await first.textContent();
  await first.click();
  await expect(page).toHaveURL(/\/campaigns\/[^?]+\?range=90d&by=phase$/);
  await page.locator("body[data-hydrated]").waitFor();
  await expect(page.locator(".crumb strong")).toHaveText(name!);
  const id = decodeURIComponent(new URL(page.url()).pathname.split("/").pop()!);
  await expectFigures(page, demo, `range=90d&campaign=${encodeURIComponent(id)}`);
  await page.evaluate(() => ((window as any).same = true));
  await page.keyboard.press("3");
  await expect(page).toHaveURL(/\/campaigns\/[^?]+\?range=30d&by=phase$/);
  await expectFigures(page, demo, `range=30d&campaign=${encodeURIComponent(id)}`);
  await page.goBack();
  await expectFigures(page, demo, `range=90d&campaign=${encodeURIComponent(id)}`);
  expect(await page.evaluate(() => (window as any).same), "the page was not loaded again").toBe(true);

  const run = page.locator("tr[data-run]").first();
  const runId = await run.getAttribute("data-run");
  await run.getByRole("link").first().click();
  await expect(page).toHaveURL(new RegExp(`/runs/${runId}$`));
  const told = await demo.json(`/api/metrics/campaign/${runId}`);
  const says = page.getByRole("region", { name: "What it says" });
  for (const text of [told.runId, told.phase, told.costUSD, told.createdAt]) await expect(says).toContainText(String(text));
  await page.locator(".crumb").getByRole("link", { name: name! }).click();
  await expect(page.locator(".crumb strong")).toHaveText(name!);
});

test("campaigns are listed, and found by a part of their name", async ({ page, demo }) => {
  await page.goto(`${demo.url}/campaigns`);
  const told = await demo.json("/api/metrics/campaigns?limit=100");
  await expect(page.locator(".campaigns tbody tr")).toHaveCount(Math.min(50, told.campaigns.length));
  const { id, name } = told.campaigns[3];
  await page.getByLabel("Campaign", { exact: true }).fill(id);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page.locator(".campaigns tbody th").first()).toHaveText(name ?? id);
});

test("corrections are told on a run's page", async ({ page, empty }) => {
  await empty.post({ runId: "r1", costUSD: "0.10" });
  const { runs } = await empty.json("/api/metrics/campaign");
  const body = { campaignId: "c1", runId: "r1", phase: "1", agentsTotal: 4, agentsSuccessful: 3, costUSD: "0.25" };
  const answer = await fetch(`${empty.url}/api/metrics/campaign/${runs[0].id}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  await page.goto(`${empty.url}/runs/${runs[0].id}`);
  const before = page.getByRole("region", { name: "What it was before" });
  await expect(before).toContainText("Revision 1");
  await expect(before).toContainText("was 0.10000 and is 0.25000");
});

test("what is on screen is had as a file", async ({ page, demo }) => {
  await open(page, demo, "/?from=2026-10-20&to=2026-10-31&compare=none");
  const saved = page.waitForEvent("download");
  await page.keyboard.press("e");
  const file = await saved;
  expect(file.suggestedFilename()).toMatch(/2026-10-20.*\.csv$/);
  const lines = (await (await file.createReadStream()).setEncoding("utf8").toArray()).join("").trimEnd().split("\r\n");
  expect(lines.length).toBe(1 + 12);
  const told = await demo.json("/api/metrics/history?from=2026-10-20&to=2026-11-01");
  expect(lines[1]).toContain(told.buckets[0].cost);
});
