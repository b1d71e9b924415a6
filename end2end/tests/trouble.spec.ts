// A demo of trouble: Dataverse goes away, records are taken all the same, and everything arrives when it is back.
import { expect, open, test } from "./studio";

test("Dataverse is taken away and brought back, and nothing is lost", async ({ page, empty }) => {
  const verdict = page.getByRole("heading", { level: 1 });
  await empty.post({ runId: "1" });
  await page.goto(`${empty.url}/pipeline`);
  await expect(verdict).toContainText("Nothing is lost. Everything received is in Dataverse.", { timeout: 30_000 });

  await page.getByRole("button", { name: "Take Dataverse away" }).click();
  await expect(page.getByText("every request is cut")).toBeVisible();
  await empty.post({ runId: "2" });
  await empty.post({ runId: "3" });
  await expect(verdict).toContainText("Dataverse is out of reach; nothing is lost. 2 records wait", { timeout: 30_000 });
  const figures = page.getByRole("region", { name: "Balance" });
  await expect(figures).toContainText(/3\s*received\s*.*3\s*on disk/);

  const panel = await page.context().newPage();
  await open(panel, empty);
  await expect(panel.locator("[data-fresh]")).toContainText(/Dataverse/);
  await panel.close();

  await page.getByRole("button", { name: "Bring it back" }).click();
  await expect(verdict).toContainText("Everything received is in Dataverse.", { timeout: 45_000 });
  await expect(figures).toContainText(/3\s*in Dataverse/);
  await expect(figures).toContainText(/0\s*unaccounted/);
});

test("the page says so when the server does not answer", async ({ page, empty, complaints }) => {
  await page.clock.install();
  await page.goto(`${empty.url}/pipeline`);
  await empty.stop();
  const failed = page.waitForEvent("requestfailed");
  await page.clock.fastForward(5_000);
  await failed;
  await expect(page.locator("#as-of")).toContainText("The server does not answer. As of");
  complaints.splice(0);
});
