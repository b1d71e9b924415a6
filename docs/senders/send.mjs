// @ts-check
/**
 * Sends runs to Studio Metrics beside your work, from Node 20, Deno 2 or Bun: nothing here blocks or breaks that work.
 * Not for a browser: there the studio refuses pages of other origins, so let the page tell its own backend.
 *
 * Try it: `node send.mjs`. In a program make one `new Sender()`, and give it each run: `sender.send(run)`.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Run
 * @property {string} campaignId
 * @property {string} [campaignName]
 * @property {string} runId
 * @property {string} phase
 * @property {number} agentsTotal
 * @property {number} agentsSuccessful
 * @property {number} [assetsGenerated]
 * @property {number} [tokensIn]
 * @property {number} [tokensOut]
 * @property {string | number} [costUSD] A text keeps money exact.
 * @property {number} [latencyP95Ms]
 * @property {number} [latencyAvgMs]
 * @property {string} [createdAt] Like `2026-11-21T09:30:00Z`; without it a run counts when it arrives.
 */

// Answers about what was sent: the same would be answered again. Everything else is waited out.
const FINAL = [400, 409, 410, 413, 415, 422];

/** Keeps what is not answered yet and tries it again: after 1, 2, 4, 8 ... seconds, at last each minute. */
export class Sender {
  /** @type {Map<string, string>} Bodies by name, the next one first. */
  #waiting = new Map();
  #bytes = 0;
  #count = 0;
  #givenUp = 0;
  #working = false;
  #said = new Set();
  #atEnd = () => void this.close();

  /**
   * @param {object} [options]
   * @param {string} [options.studio] The address, else STUDIO_URL.
   * @param {string} [options.key] Where one is needed, else STUDIO_KEY.
   * @param {string} [options.spool] A folder where what waits outlives this program, else STUDIO_SPOOL.
   * @param {number} [options.mostBytes] Beyond them the oldest of what waits is given up.
   * @param {number} [options.firstPauseMs]
   * @param {(text: string) => void} [options.say] Hears what is given up.
   */
  constructor({ studio, key, spool, mostBytes = 8 << 20, firstPauseMs = 1_000, say } = {}) {
    this.studio = (studio || process.env.STUDIO_URL || "http://127.0.0.1:3000").replace(/\/+$/, "");
    this.key = key || process.env.STUDIO_KEY;
    this.spool = spool || process.env.STUDIO_SPOOL;
    this.mostBytes = mostBytes;
    this.firstPauseMs = firstPauseMs;
    this.say = say ?? ((text) => console.error(`studio: ${text}`));
    this.#load();
    process.once("beforeExit", this.#atEnd);
  }

  /**
   * Returns at once. An array of up to 1,000 runs goes as one call, in which each is answered by itself.
   * @param {Run | Run[]} run
   */
  send(run) {
    try {
      const body = String(JSON.stringify(run));
      const count = String(this.#count++).padStart(6, "0");
      const name = `${Date.now()}-${count}-${randomBytes(4).toString("hex")}.json`;
      this.#store(name, body);
      this.#add(name, body);
    } catch (error) {
      this.#giveUp("a run", `it is not JSON: ${error}`);
    }
  }

  /** Waits that long at most for what is under way, and says whether everything has arrived. */
  async close(patienceMs = 10_000) {
    process.off("beforeExit", this.#atEnd);
    const deadline = Date.now() + patienceMs;
    while (this.#waiting.size > 0 && Date.now() < deadline) await new Promise((wake) => setTimeout(wake, 20));
    if (this.#waiting.size > 0) {
      const fate = this.spool ? `stays in ${this.spool} until the next start` : "is given up: the program ends";
      this.#sayOnce("end", `what still waits (${this.#waiting.size}) ${fate}`);
    }
    return this.#waiting.size === 0 && this.#givenUp === 0;
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    let pauseMs = this.firstPauseMs;
    for (let next = this.#first(); next; next = this.#first()) {
      const [name, body] = next;
      const [trouble, waitMs] = await this.#post(body);
      if (!trouble) {
        this.#forget(name);
        pauseMs = this.firstPauseMs;
        continue;
      }
      this.#sayOnce("away", `${this.studio} takes no runs now, so they wait: ${trouble}`);
      // To the end of the row: the others are not stopped by one.
      if (this.#waiting.delete(name)) this.#waiting.set(name, body);
      const pause = Math.max(pauseMs, waitMs) * (1 + Math.random() / 4);
      await new Promise((wake) => setTimeout(wake, pause).unref()); // a pause keeps no program from its end
      pauseMs = Math.min(pauseMs * 2, 60_000);
    }
    this.#working = false;
  }

  /** @returns {[string, string] | undefined} */
  #first() {
    return this.#waiting.entries().next().value;
  }

  /**
   * Why it has to wait, if it has to, and the milliseconds that the studio asks for.
   * @param {string} body
   * @returns {Promise<[string | undefined, number]>}
   */
  async #post(body) {
    try {
      const answer = await fetch(`${this.studio}/api/metrics/campaign`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(this.key && { "x-api-key": this.key }) },
        body,
        signal: AbortSignal.timeout(40_000),
      });
      const text = await answer.text();
      if (FINAL.includes(answer.status)) return [this.#giveUp(named(body), `${answer.status} ${why(text)}`), 0];
      if (!answer.ok) return [`${answer.status} ${why(text)}`, milliseconds(answer.headers.get("retry-after"))];
      return [this.#take(body, JSON.parse(text)), 0];
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      return [String(cause), 0];
    }
  }

  /**
   * An array is answered run by run. What answers 200 and means nothing by it is no studio.
   * @param {string} body
   * @param {any} answer
   */
  #take(body, answer) {
    if (!("id" in answer || "items" in answer)) return "the answer is not the studio's; is the address right?";
    for (const item of answer.items ?? []) {
      const arrived = item.status === "stored" || item.status === "duplicate";
      if (!arrived) this.#giveUp(named(body, item.index), `${item.status}, ${why(JSON.stringify(item))}`);
    }
  }

  /**
   * @param {string} what
   * @param {string} because
   */
  #giveUp(what, because) {
    this.#givenUp += 1;
    this.say(`${what} is given up: ${because}`);
    return undefined;
  }

  /**
   * @param {string} topic
   * @param {string} text
   */
  #sayOnce(topic, text) {
    if (!this.#said.has(topic)) this.say(text);
    this.#said.add(topic);
  }

  /**
   * @param {string} name
   * @param {string} body
   */
  #add(name, body) {
    this.#waiting.set(name, body);
    this.#bytes += body.length;
    while (this.#bytes > this.mostBytes) {
      this.#sayOnce("bound", `more than ${this.mostBytes} bytes wait: the oldest runs are given up`);
      this.#givenUp += 1;
      this.#forget([...this.#waiting.keys()].reduce((one, other) => (one < other ? one : other)));
    }
    void this.#work();
  }

  /** @param {string} name */
  #forget(name) {
    this.#bytes -= this.#waiting.get(name)?.length ?? 0;
    this.#waiting.delete(name);
    try {
      if (this.spool) rmSync(join(this.spool, name), { force: true });
    } catch {
      // It is sent again at the next start, and known by then.
    }
    if (this.#waiting.size === 0) for (const topic of ["away", "bound"]) this.#said.delete(topic);
  }

  /**
   * @param {string} name
   * @param {string} body
   */
  #store(name, body) {
    if (!this.spool) return;
    try {
      mkdirSync(this.spool, { recursive: true });
      writeFileSync(join(this.spool, `${name}.part`), body);
      renameSync(join(this.spool, `${name}.part`), join(this.spool, name));
    } catch (error) {
      this.#sayOnce("spool", `what waits is kept in memory only: ${error}`);
    }
  }

  #load() {
    if (!this.spool) return;
    try {
      mkdirSync(this.spool, { recursive: true });
      const names = readdirSync(this.spool).filter((name) => name.endsWith(".json"));
      for (const name of names.sort()) this.#add(name, readFileSync(join(this.spool, name), "utf8"));
    } catch (error) {
      this.#sayOnce("spool", `what was left before cannot be read: ${error}`);
    }
  }
}

/**
 * Seconds, or a date; an hour at most.
 * @param {string | null} retryAfter
 */
function milliseconds(retryAfter) {
  const wait = /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) * 1_000 : Date.parse(retryAfter ?? "") - Date.now();
  return Math.min(Math.max(wait || 0, 0), 3_600_000);
}

/**
 * What the studio's problem document says, else the beginning of the text.
 * @param {string} text
 * @returns {string}
 */
function why(text) {
  try {
    const { errors = [], detail } = JSON.parse(text);
    const faults = errors.map((/** @type {any} */ fault) => `${fault.field} ${fault.message}`.trim());
    return faults.join("; ") || detail || text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

/**
 * Campaign, run and phase of what was sent.
 * @param {string} body
 * @param {number} [index]
 */
function named(body, index) {
  try {
    const sent = JSON.parse(body);
    if (Array.isArray(sent) && index === undefined) return `an array of ${sent.length} runs`;
    const run = index === undefined ? sent : sent[index];
    return [run.campaignId, run.runId, run.phase].join("/");
  } catch {
    return `what was sent (${body.slice(0, 60)}...)`;
  }
}

const called = process.argv[1];
if (called?.endsWith("send.mjs") && realpathSync(called) === fileURLToPath(import.meta.url)) {
  const sender = new Sender();
  sender.send({
    campaignId: "autumn",
    campaignName: "Autumn launch",
    runId: "from-javascript",
    phase: "2-3",
    agentsTotal: 5,
    agentsSuccessful: 5,
    assetsGenerated: 9,
    tokensIn: 5346,
    tokensOut: 2240,
    costUSD: "0.0348",
    latencyP95Ms: 42000,
    latencyAvgMs: 21700,
  });
  if (await sender.close(60_000)) console.log(`It is on disk. Now look at ${sender.studio}/`);
  else process.exitCode = 1;
}
