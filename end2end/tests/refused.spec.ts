// Records that Dataverse refuses: shown with the reason, looked into, mended, dropped, sent again.
import { examine } from "./examine";
import { expect, Studio, test } from "./studio";

test("a refused record is looked into, mended, dropped or sent again", async ({ page, complaints }) => {
  test.setTimeout(120_000);
  const studio = new Studio({});
  await studio.start();
  const picture = async (name: string) => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await examine(page, `${name}, ${colorScheme}`);
      await page.screenshot({ path: `test-results/pictures/${name}-${colorScheme}.png`, fullPage: true });
    }
  };
  try {
    const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
    const refused = page.getByRole("region", { name: /^Refused by Dataverse: / });
    await page.goto(`${studio.url}/pipeline`);
    const verdict = page.getByRole("heading", { level: 1 });
    await expect(verdict).toContainText("Everything received is in Dataverse.", { timeout: 60_000 });

    await press("Let it refuse some");
    await expect(page.getByText("refuses runs of phase 2-3")).toBeVisible();
    await press("Record ten runs");
    await expect(verdict).toContainText("Nothing is lost, and somebody is needed.", { timeout: 30_000 });
    await expect(refused.getByText("does not take rows").first()).toBeVisible();
    await picture("refused");
    const { deadLetters } = await studio.json("/api/pipeline");
    expect(deadLetters.length).toBeGreaterThan(1);

    await refused.getByRole("link").first().click();
    await expect(verdict).toContainText("Dataverse refuses this campaign run.");
    await expect(page.getByText("0x80040265").first()).toBeVisible();
    await page.getByLabel("Tokens in").fill("many");
    await press("Save and send");
    await expect(page.getByRole("alert")).toContainText("some fields break a rule");
    await expect(page.getByLabel("Tokens in")).toHaveValue("many");
    // What was meant is no complaint: the form that breaks a rule is answered 422.
    expect(complaints.splice(0)).toEqual([expect.stringContaining("422")]);
    await picture("refused-record");
    await page.setViewportSize({ width: 320, height: 640 });
    await picture("refused-record-narrow");
    await page.setViewportSize({ width: 1320, height: 1000 });
    await page.getByLabel("Tokens in").fill("4321");
    await press("Save and send");
    await expect(page.getByText(/the demo user mended/)).toBeVisible();

    await page.goto(`${studio.url}/pipeline`);
    await refused.getByRole("link").last().click();
    await press("Drop it");
    await expect(page.getByText(/the demo user dropped/)).toBeVisible();

    await press("Bring it back");
    if (await refused.isVisible()) await press("Send all again");
    await expect(verdict).toContainText("Nothing is lost. Everything received is in Dataverse.", { timeout: 60_000 });
    const { balance, unaccounted } = await studio.json("/api/pipeline");
    expect([balance[0].dead, balance[0].dropped, unaccounted]).toEqual([0, 1, 0]);
  } finally {
    await studio.discard();
  }
});
