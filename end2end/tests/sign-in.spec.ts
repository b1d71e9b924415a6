// People who sign in: with a password, and with a certified provider of OpenID Connect.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import { examine } from "./examine";
import { expect, Studio, test as base, tile } from "./studio";

const PASSWORD = "a long password";
const RESTING = { STUDIO_DEMO: "off", USE_DATAVERSE: "false" };

/** A provider on a free port, which knows whoever says a name; what they are is written in the name. */
class TestProvider {
  private readonly server: Server = createServer((request, response) => this.answer?.(request, response));
  private answer?: ReturnType<Provider["callback"]>;

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  serve(issuer: string, redirect: string): void {
    const provider = new Provider(issuer, {
      clients: [{ client_id: "studio", client_secret: "s3 cret", redirect_uris: [redirect] }],
      claims: { openid: ["sub"], profile: ["roles", "preferred_username"] },
      pkce: { required: () => true },
      cookies: { keys: ["for tests"] },
      findAccount: (_, id) => ({
        accountId: id,
        claims: async () => ({ sub: id, preferred_username: id, roles: [id.split("-")[0]] }),
      }),
    });
    this.answer = provider.callback();
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

interface Fixtures {
  /** A server where Jana decides and Ben looks. */
  peopled: Studio;
  /** A server whose people a provider knows. */
  provided: Studio;
}

const test = base.extend<Fixtures>({
  peopled: async ({}, use) => {
    const studio = new Studio(RESTING);
    await studio.start();
    await studio.post({ runId: "1", costUSD: 0.25 });
    for (const [name, role] of [["jana", "admin"], ["ben", "reader"]]) studio.command(["user", "add", "--name", name, "--role", role], PASSWORD);
    await use(studio);
    await studio.discard();
  },
  provided: async ({}, use) => {
    const provider = new TestProvider();
    const issuer = await provider.start();
    const client = { STUDIO_OIDC_ISSUER: issuer, STUDIO_OIDC_CLIENT_ID: "studio", STUDIO_OIDC_CLIENT_SECRET: "s3 cret" };
    const studio = new Studio({ ...RESTING, ...client });
    await studio.start();
    provider.serve(issuer, `${studio.url}/sign-in/callback`);
    await use(studio);
    await studio.discard();
    provider.stop();
  },
});

test("a password opens the page that was asked for, and a sign-out closes all", async ({ page, peopled, complaints }) => {
  await page.goto(`${peopled.url}/?range=30d`);
  await expect(page).toHaveURL(/sign-in\?to=/);
  await examine(page);
  await page.getByLabel("Name").fill("jana");
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText("Name and password do not belong together.");
  await expect(page.getByLabel("Name")).toHaveValue("jana");
  await expect(page.getByLabel("Password")).toBeFocused();
  expect(complaints.splice(0).every((text) => text.includes("401"))).toBe(true);
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator("body[data-hydrated]").waitFor();
  await expect(page).toHaveURL(`${peopled.url}/?range=30d`);
  await expect(tile(page, "cost")).toContainText("0.25");
  await expect(page.locator(".asker")).toContainText("jana admin");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(`${peopled.url}/sign-in`);
  await page.goBack();
  await expect(page).toHaveURL(/sign-in/);
});

test("a panel whose session is over leads to the sign-in", async ({ page, peopled, complaints }) => {
  await page.goto(`${peopled.url}/sign-in`);
  await page.getByLabel("Name").fill("ben");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("body[data-hydrated]").waitFor();
  await expect(page.getByRole("link", { name: "People" })).toHaveCount(0);
  peopled.command(["user", "remove", "ben"]);
  await expect(page).toHaveURL(/sign-in/, { timeout: 20_000 });
  complaints.splice(0);
});

test("people are added and removed by keyboard", async ({ page, peopled }) => {
  await page.goto(`${peopled.url}/sign-in?to=/settings/people`);
  await page.getByLabel("Name").fill("jana");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByLabel("Name").fill("eve");
  await page.getByLabel("Password: 8 letters at least").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toHaveText("eve is added.");
  await examine(page);
  await page.getByRole("button", { name: "Remove eve" }).press("Enter");
  await expect(page.getByRole("status")).toHaveText("eve is removed, and signed out.");
});

test("a provider says who people are", async ({ page, provided, context, complaints }) => {
  await page.goto(`${provided.url}/pipeline`);
  await examine(page);
  await page.getByRole("link", { name: "Sign in with your organisation" }).click();
  await page.getByPlaceholder("Enter any login").fill("admin-jana");
  await page.getByPlaceholder("and password").fill("x");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page).toHaveURL(`${provided.url}/pipeline`);
  // The provider's pages are its own.
  complaints.splice(0);
  await expect(page.locator(".asker")).toContainText("admin-jana admin");
  const kept = (await context.cookies()).filter((cookie) => cookie.name.startsWith("studio"));
  expect(kept.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([
    { name: "studio_session", httpOnly: true, sameSite: "Lax" },
  ]);
});

test("a provider's refusal is told, and one without a role is sent on", async ({ page, provided, complaints }) => {
  await page.goto(`${provided.url}/sign-in`);
  await page.getByRole("link", { name: "Sign in with your organisation" }).click();
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page.getByRole("alert")).toHaveText("The provider did not sign you in: access_denied.");
  await page.getByRole("link", { name: "Sign in with your organisation" }).click();
  await page.getByPlaceholder("Enter any login").fill("guest-eve");
  await page.getByPlaceholder("and password").fill("x");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.locator("main")).toContainText("guest-eve is known to the provider, and has no role here");
  complaints.splice(0);
});
