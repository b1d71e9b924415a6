// Ranges and filters change the figures in place, and the address with them.
import { expect, expectFigures, open, test } from "./studio";

test("a range is a link, and the back button goes back", async ({ page, demo }) => {
  await open(page, demo);
  await page.evaluate(() => ((window as any).same = true));
  await page.getByRole("link", { name: "30 days" }).click();
  await expect(page).toHaveURL(/\?range=30d$/);
  await expectFigures(page, demo, "range=30d");
  await page.getByRole("link", { name: "90 days" }).click();
  await expectFigures(page, demo, "range=90d");
  await page.goBack();
  await expect(page.getByRole("link", { name: "30 days" })).toHaveAttribute("aria-current", "true");
  await expectFigures(page, demo, "range=30d");
  await page.goForward();
  await expectFigures(page, demo, "range=90d");
  expect(await page.evaluate(() => (window as any).same), "the page was not loaded again").toBe(true);
});

test("of ranges clicked at once the last one wins", async ({ page, demo }) => {
  await open(page, demo);
  await page.evaluate(() => {
    for (const range of ["30d", "90d", "60d"]) document.querySelector<HTMLElement>(`.ranges a[href="/?range=${range}"]`)?.click();
  });
  await expect(page).toHaveURL(/range=60d/);
  await expectFigures(page, demo, "range=60d");
});

test("single keys choose a range, and can be switched off", async ({ page, demo }) => {
  await open(page, demo);
  await page.keyboard.press("9");
  await expect(page).toHaveURL(/range=90d/);
  await page.keyboard.press("l");
  await expect(page).toHaveURL(/\/$/);
  await page.keyboard.press("?");
  await page.getByLabel("Switch single keys off").check();
  await page.keyboard.press("Escape");
  await page.keyboard.press("3");
  await expect(page).toHaveURL(/\/$/);
  await open(page, demo);
  await page.keyboard.press("?");
  await expect(page.getByRole("link", { name: "The interface for programs" }), "off on the next visit too").toBeHidden();
});

test("an answer that comes late leaves what is being written", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  const box = page.getByLabel("Campaign", { exact: true });
  const options = await page
    .locator("datalist#campaigns option")
    .evaluateAll((all) => all.map((o) => [(o as HTMLOptionElement).value, o.textContent ?? ""]));
  const [id, name] = options.find(([id, name]) => !name.includes(id))!;
  await box.fill(id);
  await box.press("Enter");
  await expect(box).toHaveValue(name);
  await page.goBack();
  await expect(box).toHaveValue("");
  await expectFigures(page, demo, "range=90d");

  let answer = () => {};
  const asked = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/api/panel?*", async (route) => {
    await asked;
    await route.continue();
  });
  await page.goForward();
  await expect(box).toHaveValue(id);
  await box.fill("some other");
  answer();
  await expectFigures(page, demo, `range=90d&campaign=${encodeURIComponent(id)}`);
  await expect(box).toHaveValue("some other");
});

test("a campaign is chosen by form and by link", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  await page.evaluate(() => ((window as any).same = true));
  await page.keyboard.press("/");
  const box = page.getByLabel("Campaign", { exact: true });
  await expect(box).toBeFocused();
  const options = await page
    .locator("datalist#campaigns option")
    .evaluateAll((all) => all.map((o) => [(o as HTMLOptionElement).value, o.textContent ?? ""]));
  expect(options.length).toBeGreaterThan(10);
  // Several are called the same, and are told apart by their ids.
  const [twice] = options.find(([id, name]) => name.endsWith(` (${id})`))!;
  await box.fill(twice);
  await box.press("Enter");
  await expectFigures(page, demo, `range=90d&campaign=${encodeURIComponent(twice)}`);
  await expect(box, "its name would mean another one as well").toHaveValue(twice);
  await page.goBack();
  await expectFigures(page, demo, "range=90d");
  await expect(box).toHaveValue("");
  const [id, name] = options.find(([id, name]) => !name.includes(id))!;
  await box.fill(id);
  await box.press("Enter");
  await expect(page).toHaveURL(new RegExp(`campaign=${encodeURIComponent(id)}`));
  await expectFigures(page, demo, `range=90d&campaign=${encodeURIComponent(id)}`);
  await expect(box, "the box says what it is called").toHaveValue(name);
  await page.goBack();
  await expectFigures(page, demo, "range=90d");
  await expect(box).toHaveValue("");
  await box.fill("");
  await box.press("Enter");
  await expect(page).toHaveURL(/\?range=90d$/);
  expect(await page.evaluate(() => (window as any).same), "the page was not loaded again").toBe(true);
});

test("a campaign is found by a part of its name", async ({ page, empty }) => {
  for (const [id, name] of [["c1", "Autumn launch"], ["c2", "Autumn sale"]]) {
    await empty.post({ campaignId: id, campaignName: name, runId: "r" });
  }
  await open(page, empty);
  const box = page.getByLabel("Campaign", { exact: true });
  await box.fill("autumn");
  await box.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("More than one campaign may be meant.");
  await page.locator(".matches").getByRole("link", { name: "Autumn sale" }).click();
  await expect(box).toHaveValue("Autumn sale");
  await expectFigures(page, empty, "campaign=c2");
});

test("a link with everything in it shows everything", async ({ page, demo }) => {
  await open(page, demo, "/?range=60d&tile=success&tz=America/New_York");
  await expectFigures(page, demo, "range=60d&tz=America/New_York");
  await expect(page.getByRole("heading", { name: "Success rate by the day" })).toBeVisible();
  await expect(page.getByText("Days in America/New_York")).toBeVisible();
});
