// Notes at days and the budget: what people set on the panel.
import { examine } from "./examine";
import { expect, open, type Studio, test } from "./studio";

/** A run of 10 dollars on each of the last three weeks' days. */
async function spend(studio: Studio): Promise<void> {
  for (let ago = 0; ago < 21; ago += 1) {
    const createdAt = new Date(Date.now() - ago * 86_400_000).toISOString();
    await studio.post({ runId: `r${ago}`, costUSD: 10, createdAt });
  }
}

/** The day of so many days ago, as it is written in a box. */
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

test("a note is written with the keyboard and removed", async ({ page, empty }) => {
  await spend(empty);
  await open(page, empty, "/?range=30d&tz=UTC");
  await page.keyboard.press("n");
  await expect(page.getByLabel("Day", { exact: true })).toBeFocused();
  await examine(page, "the form of a note");
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("What happened")).toBeHidden();
  await expect(page.locator("#note > summary")).toBeFocused();
  await page.keyboard.press("n");
  await page.getByLabel("Day", { exact: true }).fill(day(5));
  await page.getByLabel("What happened").fill("<b>Prices</b> rose");
  await page.getByLabel("Your name").fill("Jana");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/\?range=30d&tz=UTC$/);
  await expect(page.locator(".laid-over .said")).toHaveText("<b>Prices</b> rose");
  await expect(page.locator(".laid-over text").last()).toContainText("Jana, ");
  await page.locator("#notes > summary").click();
  await expect(page.locator("#notes li")).toContainText("<b>Prices</b> rose Jana");
  await examine(page, "the list of notes");
  await page.locator("body[data-hydrated]").waitFor();
  await page.keyboard.press("n");
  await expect(page.getByLabel("Your name"), "it is known the next time").toHaveValue("Jana");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Remove the note of/ }).click();
  await expect(page.locator("#notes")).toHaveCount(0);
  await expect(page.locator(".laid-over .slip")).toHaveCount(0);
});

test("polls leave alone what is being written", async ({ page, empty }) => {
  await spend(empty);
  await open(page, empty, "/?range=30d");
  await page.keyboard.press("n");
  await page.getByLabel("What happened").fill("half a sen");
  const note = { day: day(3), text: "of another person" };
  await fetch(`${empty.url}/api/metrics/notes`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(note) });
  await expect(page.locator("#notes")).toContainText("1 note", { timeout: 20_000 });
  await expect(page.getByLabel("What happened")).toHaveValue("half a sen");
  await expect(page.getByLabel("What happened")).toBeFocused();
});

test("a budget is set and taken back", async ({ page, empty }) => {
  await spend(empty);
  await open(page, empty, "/?range=30d");
  await expect(page.locator(".end")).not.toContainText("Budget");
  await page.locator("#budget > summary").click();
  await page.getByLabel("Dollars a month").fill("300.5");
  await examine(page, "the form of the budget");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect(page.locator(".end")).toContainText("Budget, $");
  await expect(page.locator(".laid-over .budget")).toHaveCount(1);
  await page.locator("#budget > summary").click();
  await expect(page.getByLabel("Dollars a month")).toHaveValue("300.5");
  await page.getByLabel("Dollars a month").fill("");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect(page.locator(".end")).not.toContainText("Budget");
});

test("what stands under the chart is of one height", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  const boxes = page.locator("#table > summary, #export, #note > summary, #budget > summary");
  await expect(boxes).toHaveCount(4);
  const places = await boxes.evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]));
  expect(places, "on one line").toEqual(Array(4).fill(places[0]));
  await page.setViewportSize({ width: 320, height: 700 });
  await page.keyboard.press("n");
  await examine(page, "the form of a note on a phone");
});
