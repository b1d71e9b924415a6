// What every page has to stand in every state.
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/** Nothing for axe to find, nothing wider than the screen. */
export async function examine(page: Page, name: string): Promise<void> {
  const found = await new AxeBuilder({ page }).analyze();
  const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join("; ")}`);
  expect(told, `axe on ${name}`).toEqual([]);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, `${name} is wider than the screen by`).toBeLessThanOrEqual(0);
}
