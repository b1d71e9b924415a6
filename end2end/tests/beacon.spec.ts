// A visit that ends tells how fast the panel was painted, and nothing else.
import { expect, open, type Studio, test } from "./studio";

async function painted(studio: Studio): Promise<{ samples: number; measured: string | null }> {
  const { targets } = await studio.json("/api/pipeline");
  return targets.find((target: { name: string }) => target.name === "panel_lcp");
}

test("a visit is counted once, when it ends", async ({ page, empty }) => {
  await open(page, empty);
  expect((await painted(empty)).samples).toBe(0);
  const beacon = page.waitForRequest("**/api/beacon");
  await page.goto("about:blank");
  const sent = await beacon;
  expect(sent.method()).toBe("POST");
  expect(sent.postData()).toMatch(/^[1-9][0-9]{0,5}$/);
  await expect.poll(async () => (await painted(empty)).samples).toBe(1);
  const { measured } = await painted(empty);
  expect(Math.abs(Number(measured) - Number(sent.postData()))).toBeLessThanOrEqual(Number(sent.postData()) / 64);
});

test("only the panel's paint is told", async ({ page, empty }) => {
  await page.goto(`${empty.url}/pipeline`);
  await expect(page.locator("#measured")).toContainText("not measured yet");
  await page.goto(empty.url);
  await page.goto("about:blank");
  await expect.poll(async () => (await painted(empty)).samples).toBe(1);
});
