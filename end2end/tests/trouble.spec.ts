// A demo of trouble: Dataverse goes away, records are taken all the same, and everything arrives when it is back.
import { expect, open, Studio, test } from "./studio";

test("Dataverse is taken away and brought back, and nothing is lost", async ({ page }) => {
  test.setTimeout(120_000);
  const studio = new Studio({});
  await studio.start();
  try {
    const verdict = page.getByRole("heading", { level: 1 });
    const press = (name: string) => page.getByRole("button", { name }).click();
    await page.goto(`${studio.url}/pipeline`);
    await expect(verdict).toContainText("Nothing is lost. Everything received is in Dataverse.", { timeout: 60_000 });

    await press("Take Dataverse away");
    await expect(page.getByText("every request is cut")).toBeVisible();
    const before = (await studio.json("/api/pipeline")).balance[0].received;
    await press("Record ten runs");
    await press("Record ten runs");
    await expect(verdict).toContainText(/Dataverse is out of reach; nothing is lost. 2\d\srecords wait/, { timeout: 30_000 });
    const { balance } = await studio.json("/api/pipeline");
    expect(balance[0].received).toBeGreaterThanOrEqual(before + 20);
    expect(balance[0].durable).toBe(balance[0].received);
    expect(balance[0].unaccounted).toBe(0);

    const panel = await page.context().newPage();
    await open(panel, studio);
    await expect(panel.locator("[data-fresh]")).toContainText(/Dataverse/);
    await panel.close();

    await press("Bring it back");
    await expect(verdict).toContainText("Everything received is in Dataverse.", { timeout: 60_000 });
    await expect(page.getByRole("region", { name: "Balance" })).toContainText(/0\s*unaccounted/);
  } finally {
    await studio.discard();
  }
});

test("the page says so when the server does not answer", async ({ page, empty, complaints }) => {
  await page.clock.install();
  await page.goto(`${empty.url}/pipeline`);
  await empty.stop();
  const failed = page.waitForEvent("requestfailed");
  await page.clock.fastForward(5_000);
  await failed;
  await expect(page.locator("#as-of")).toContainText("The server does not answer. As of");
  await expect(page.locator("#sentence")).toHaveText("The server does not answer.");
  await expect(page).toHaveTitle("The server does not answer.");
  await empty.start();
  await page.clock.fastForward(5_000);
  await expect(page.locator("#sentence")).toContainText("Nothing is lost.");
  await page.route(/pipeline$/, (route) =>
    route.fulfill({ status: 503, contentType: "text/html", body: "<main class='lone'><h1>Not now</h1><p>Its disk is full.</p></main>" }),
  );
  await page.clock.fastForward(5_000);
  await expect(page.locator("#sentence")).toHaveText("Not now. Its disk is full.");
  complaints.splice(0);
});
