// Without JavaScript the page is complete.
import { expect, expectFigures, test } from "./studio";

test("tiles, chart, runs and balance are there", async ({ page, demo }) => {
  await page.goto(demo.url);
  await expectFigures(page, demo, "range=live");
  await expect(page.locator(".fresh")).toContainText("As of 13:05");
  await expect(page.locator("tr[data-run]")).toHaveCount(10);
  await expect(page.getByText("0 unaccounted")).toBeVisible();
  expect((await page.locator(".marks .columns").getAttribute("d"))?.length).toBeGreaterThan(100);
  await page.locator("#table > summary").click();
  await expect(page.getByRole("region", { name: "The chart as a table" })).toBeVisible();
});

test("ranges are links and the filter is a form", async ({ page, demo }) => {
  await page.goto(demo.url);
  await page.getByRole("link", { name: "30 days" }).click();
  await expect(page).toHaveURL(/range=30d/);
  await expectFigures(page, demo, "range=30d");
  const id = await page.locator("datalist#campaigns option").nth(2).getAttribute("value");
  await page.getByLabel("Campaign", { exact: true }).fill(id ?? "");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/range=30d/);
  await expectFigures(page, demo, `range=30d&campaign=${encodeURIComponent(id ?? "")}`);
});

test("days and comparison are forms", async ({ page, demo }) => {
  await page.goto(`${demo.url}/?range=30d&tile=success`);
  await page.locator("#dates > summary").click();
  await page.getByLabel("From").fill("2026-10-20");
  await page.getByLabel("To", { exact: true }).fill("2026-10-31");
  await page.locator("#dates").getByRole("button", { name: "Show" }).click();
  await expect(page).toHaveURL(/from=2026-10-20&to=2026-10-31&tile=success/);
  await expectFigures(page, demo, "from=2026-10-20&to=2026-11-01");
  await page.getByLabel("Compared with").selectOption("none");
  await page.locator(".filter").getByRole("button", { name: "Show" }).click();
  await expectFigures(page, demo, "from=2026-10-20&to=2026-11-01&compare=none");
  await page.getByRole("link", { name: "Runs" }).click();
  await expect(page).toHaveURL(/sort=runs/);
  await page.locator(".breakdown tbody th a").first().click();
  await expect(page.locator(".crumb strong")).not.toBeEmpty();
});

test("notes and the budget are forms", async ({ page, empty }) => {
  await empty.post({ runId: "r", costUSD: 10 });
  await page.goto(`${empty.url}/?range=30d&tile=cost`);
  await page.locator("#note > summary").click();
  await page.getByLabel("What happened").fill("Prices rose");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page).toHaveURL(/\/\?range=30d$/);
  await expect(page.locator(".laid-over .said")).toHaveText("Prices rose");
  await page.locator("#notes > summary").click();
  await page.getByRole("button", { name: /^Remove the note of/ }).click();
  await expect(page.locator("#notes")).toHaveCount(0);
  await page.locator("#budget > summary").click();
  await page.getByLabel("Dollars a month").fill("300");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect(page.locator(".end")).toContainText("Budget, $");
});

test("the theme is a form", async ({ page, demo }) => {
  await page.goto(demo.url);
  await page.getByRole("button", { name: "Dark theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("what is live only is not offered", async ({ page, demo }) => {
  await page.goto(demo.url);
  await expect(page.getByRole("button", { name: "Pause" })).toBeHidden();
});

test("every page says where it is", async ({ page, demo }) => {
  const pages = page.getByRole("navigation", { name: "Pages" });
  for (const [path, name] of [["/", "Panel"], ["/campaigns", "Campaigns"], ["/pipeline", "Pipeline"], ["/settings/keys", "Keys"]]) {
    await page.goto(demo.url + path);
    await expect(pages.locator("[aria-current=page]")).toHaveText([name]);
    await expect(page.getByText("Demo data", { exact: true })).toBeVisible();
  }
  await pages.getByRole("link", { name: "Panel" }).click();
  await expect(page).toHaveURL(`${demo.url}/`);
});

test("the way to the content is seen when it has the focus", async ({ page, demo }) => {
  for (const path of ["/", "/pipeline"]) {
    await page.goto(demo.url + path);
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to the content" });
    await expect(skip).toBeFocused();
    const box = (await skip.boundingBox())!;
    const top = await page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.className, [box.x + box.width / 2, box.y + box.height / 2]);
    expect(top).toBe("skip");
  }
});

test("on a phone the pages fold under the name of the one that is shown", async ({ page, demo }) => {
  await page.setViewportSize({ width: 360, height: 700 });
  await page.goto(`${demo.url}/pipeline`);
  const [link, theme] = [page.getByRole("link", { name: "Panel", exact: true }), page.getByRole("button", { name: "Dark theme" })];
  await expect(link).toBeHidden();
  await page.locator(".fold summary").click();
  for (const row of [link, theme, page.locator("#help > summary")]) {
    expect((await row.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  }
  expect((await page.locator("main").boundingBox())!.y, "the menu covers nothing").toBeGreaterThan((await theme.boundingBox())!.y);
  await expect(page.getByRole("link", { name: "Studio Metrics" })).toBeVisible();
  await theme.click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("the first key is made", async ({ page, empty }) => {
  await page.goto(`${empty.url}/settings/keys`);
  await expect(page.locator("h1")).toContainText("No key is needed.");
  await page.getByLabel("Name").fill("campaigns");
  await page.getByLabel("Expires").fill("90");
  await page.getByRole("button", { name: "Make the key" }).click();
  await expect(page.locator("#key-text")).toHaveText(/^studio_[0-9a-f]{72}$/);
  const key = await page.locator("#key-text").textContent();
  const write = (headers: Record<string, string>) =>
    fetch(`${empty.url}/api/metrics/campaign`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ campaignId: "c1", runId: "r1", phase: "1", agentsTotal: 4, agentsSuccessful: 4 }),
    });
  expect((await write({})).status).toBe(401);
  expect((await write({ authorization: `Bearer ${key}` })).status).toBe(201);
  await page.goto(`${empty.url}/settings/keys`);
  await expect(page.locator("main")).not.toContainText(key!);
  await expect(page.getByRole("row", { name: /campaigns/ })).toContainText("write");
  await expect(page.getByRole("button", { name: "Make the key" })).toHaveCount(0);
});
