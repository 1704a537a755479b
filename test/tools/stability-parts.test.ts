// What decides in a stability run besides the plan: profiles, thresholds, checks, JUnit, outages.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runStability, type StabilityResult } from 'ws-linger/stability';
import { allPass, checksOf } from '../../dist/tools/stability/checks.js';
import { junitOf, junitOfError } from '../../dist/tools/stability/junit.js';
import { parseStabilityOptions } from '../../dist/tools/stability/options.js';
import { networkPlan } from '../../dist/tools/stability/outage-addresses.js';
import { whyNoOutages } from '../../dist/tools/stability/outages.js';
import { plan, SCENARIOS } from '../../dist/tools/stability/plan.js';
import { PROFILE_SETTINGS, PROFILES } from '../../dist/tools/stability/profiles.js';
import { parseThresholds } from '../../dist/tools/stability/thresholds.js';

const running = runStability({ connections: 4, messages: 2, mix: { clean: 1, rst: 1 } });
const names = (result: StabilityResult, limits = {}) =>
  checksOf(result, limits)
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ name }) => name);

describe('a profile', () => {
  for (const profile of PROFILES) {
    it(`${profile} sets what runStability() takes, and gives a reason for each`, () => {
      const { settings, reasons } = PROFILE_SETTINGS[profile];
      const parsed = parseStabilityOptions({ profile });
      for (const [name, value] of Object.entries(settings)) {
        assert.deepEqual(parsed[name as keyof typeof settings], value, name);
      }
      const text = reasons.join('\n');
      for (const scenario of Object.keys(settings.mix)) assert.match(text, new RegExp(`\\b${scenario}\\b`), scenario);
    });
  }

  it('yields to options of the caller, other than undefined', () => {
    const { mix, reconnect } = parseStabilityOptions({ profile: 'phone', reconnect: 7, mix: undefined });
    assert.deepEqual([mix, reconnect], [PROFILE_SETTINGS.phone.settings.mix, 7]);
  });

  it('with outages has no scenario whose end the peer tells only once', () => {
    const { mix } = PROFILE_SETTINGS.flaky.settings;
    assert.deepEqual([mix.rst, mix.kill], [undefined, undefined]);
    assert.ok(new Set(plan(30, mix, 1).map(({ scenario }) => scenario)).size > 4);
  });

  it('must be a known one', () => {
    assert.throws(
      () => parseStabilityOptions({ profile: 'tablet' as 'phone' }),
      /profile must be one of browser, phone/,
    );
    assert.throws(() => parseStabilityOptions({ profile: 1 as unknown as 'phone' }), /stability\.profile/);
  });
});

describe('thresholds', () => {
  const all = { scenarios: SCENARIOS as readonly string[], memory: true };
  const parse = (limits: unknown, measurable = all) => parseThresholds(JSON.stringify(limits), measurable);

  it('are taken as they are written', () => {
    const limits = { failedConnections: 0.5, closeP99Ms: 5, rssMiB: 80.5, scenarios: { rst: { closeMaxMs: 1 } } };
    assert.deepEqual({ ...parse(limits) }, limits);
  });

  for (const [limits, message] of [
    [{ lostMesages: 1 }, /lostMesages.*lostMessages/],
    [{ lostMessages: 1.5 }, /thresholds\.lostMessages is a share, from 0 to 1/],
    [{ lostMessages: '1' }, /thresholds\.lostMessages must be a number/],
    [{ unexplained: -1 }, /thresholds\.unexplained must be a number from 0/],
    [{ closeP99Ms: null }, /thresholds\.closeP99Ms must be a number/],
    [{ scenarios: { reset: {} } }, /reset/],
    [{ scenarios: { rst: { closeP98Ms: 1 } } }, /thresholds\.scenarios\.rst.*closeP98Ms|closeP98Ms.*closeP9/],
    [{ scenarios: [] }, /thresholds\.scenarios must be an object/],
    [null, /thresholds must be an object/],
  ] as const) {
    it(`refuse ${JSON.stringify(limits)}`, () => {
      assert.throws(() => parse(limits), message);
    });
  }

  it('refuse an own name like those of every object', () => {
    assert.throws(() => parseThresholds('{"__proto__":1}', all), /__proto__/);
    assert.throws(() => parseThresholds('{"constructor":1}', all), /constructor/);
  });

  it('refuse what this run cannot measure', () => {
    for (const name of ['heapMiB', 'rssMiB', 'heapBytesPerConnection']) {
      assert.throws(() => parse({ [name]: 1 }, { ...all, memory: false }), /needs --duration/);
    }
    const scenarios = { rst: { closeP50Ms: 1 } };
    assert.throws(() => parse({ scenarios }, { ...all, scenarios: ['clean'] }), /rst is not in the mix/);
  });
});

describe('the checks of a run', () => {
  it('pass for a run that passes', async () => {
    const result = await running;
    assert.equal(result.pass, true, result.problems.join());
    assert.ok(checksOf(result).length > 6);
    assert.equal(allPass(checksOf(result)), true);
  });

  for (const [what, change] of [
    ['was interrupted', { interrupted: true }],
    ['has a connection that did not open', { connections: { attempted: 4, opened: 3, failed: 1 } }],
    ['has a connection with a problem', { successRate: 0.75 }],
    ['lost a message', { messages: { sent: 8, received: 7, lost: 1, echo: true } }],
    ['left a slow peer without one', { slowPeers: { sent: 4, delivered: 3 } }],
    ['has an end without a known cause', { unexplained: 1 }],
    ['has an uncaught exception', { uncaught: 1 }],
    ['left a connection', { leaked: { clients: 1, handles: 0 } }],
    ['left a handle', { leaked: { clients: 0, handles: 1 } }],
    ['has a server that did not say what it holds', { leaked: { clients: null, handles: 0 } }],
    ['has growing memory', { soak: { verdict: 'growing', bytesPerConnection: 900, rounds: [] } }],
  ] as [string, Partial<StabilityResult>][]) {
    it(`fail one where the run ${what}`, async () => {
      assert.equal(names({ ...(await running), ...change }).length, 1);
    });
  }

  it('fail where a server at a url never echoes, and skip what is not visible', async () => {
    const messages = { sent: 8, received: 0, lost: 0, echo: true };
    const foreign = { ...(await running), url: 'ws://a/', messages, leaked: { clients: null, handles: 0 } };
    assert.deepEqual(names(foreign), ['messages of living connections arrive']);
    const mute = checksOf({ ...foreign, messages: { ...messages, echo: false } });
    assert.equal(allPass(mute), true);
    assert.ok(mute.some(({ outcome, text }) => outcome === 'skipped' && text === 'the server does not echo'));
  });

  it('measure thresholds up to and with their limits', async () => {
    const result = { ...(await running), successRate: 0.75, unexplained: 2, closeMs: { p50: 1, p99: 5, max: 9 } };
    assert.deepEqual(names(result, { failedConnections: 0.25, unexplained: 2, closeP99Ms: 5, closeMaxMs: 9 }), []);
    const strict = { failedConnections: 0.24, unexplained: 1, closeP99Ms: 4.9, closeMaxMs: 8 };
    assert.equal(names(result, strict).length, 4);
  });

  it('fail a time that was not measured', async () => {
    const result = await running;
    const none = { ...result, scenarios: {}, connections: { attempted: 0, opened: 0, failed: 0 } };
    const limits = { connectP50Ms: 9_999, closeP50Ms: 9_999, scenarios: { slow: { closeP50Ms: 9_999 } } };
    assert.equal(names(none, limits).length, 3);
  });

  it('measure the memory of every round', async () => {
    const round = { atMs: 0, connections: 1, clients: 0, handles: 0 };
    const rounds = [
      { ...round, heapBytes: 9 * 2 ** 20, rssBytes: 70 * 2 ** 20 },
      { ...round, heapBytes: 8 * 2 ** 20, rssBytes: 60 * 2 ** 20 },
    ];
    const soak = { verdict: 'steady', bytesPerConnection: 20, rounds } as const;
    const result = { ...(await running), soak: { ...soak, rounds } };
    assert.deepEqual(names(result, { heapMiB: 9, rssMiB: 70, heapBytesPerConnection: 20 }), []);
    assert.equal(names(result, { heapMiB: 8.5, rssMiB: 65, heapBytesPerConnection: 19 }).length, 3);
    const short = { ...result, soak: { verdict: 'too-short' as const, bytesPerConnection: null, rounds: [] } };
    assert.equal(names(short, { heapMiB: 9, heapBytesPerConnection: 20 }).length, 2);
  });
});

describe('JUnit', () => {
  /** What XML 1.0 allows, and nothing that ends a text or an attribute. */
  const TEXT = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

  it('has one test case for each check, and the counts of its suite', async () => {
    const checks = checksOf({ ...(await running), unexplained: 1 });
    const xml = junitOf(await running, checks);
    const skipped = checks.filter(({ outcome }) => outcome === 'skipped').length;
    assert.match(
      xml,
      new RegExp(`<testsuites [^>]*tests="${checks.length}" failures="1" errors="0" skipped="${skipped}"`),
    );
    assert.equal(xml.match(/<testcase /g)?.length, checks.length);
    assert.match(xml, /<failure message="1 ends without a known cause">/);
    assert.match(xml, /timestamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"/);
  });

  it("escapes peers' texts, and leaves out what XML forbids", async () => {
    const bell = String.fromCharCode(7);
    const hostile = `<a>&"'${bell}\ud800\uffff]]></failure>\n\u{1f600}`;
    const name = `${hostile} name`;
    const xml = junitOf(await running, [
      { name, outcome: 'failed', text: hostile },
      { name, outcome: 'skipped', text: hostile },
      { name, outcome: 'passed', text: hostile },
    ]);
    assert.match(xml, TEXT);
    const escaped = '&lt;a&gt;&amp;&quot;&#39;]]&gt;&lt;/failure&gt;';
    assert.ok(xml.includes(`name="${escaped} \u{1f600} name"`), xml);
    assert.ok(xml.includes(`<failure message="${escaped}">${escaped}\n\u{1f600}</failure>`), xml);
    assert.equal(xml.match(/<\/failure>/g)?.length, 1);
  });

  it('reports a run without a result as an error', () => {
    const xml = junitOfError("the server's process died: <SIGKILL>");
    assert.match(xml, /tests="1" failures="0" errors="1"/);
    assert.match(xml, /<error message="the server&#39;s process died: &lt;SIGKILL&gt;">/);
  });
});

describe('outages', () => {
  it('need a server that the run starts, Linux, and root', () => {
    assert.equal(whyNoOutages('linux', 0, undefined), null);
    assert.match(whyNoOutages('linux', 1000, undefined) ?? '', /need root/);
    assert.match(whyNoOutages('win32', undefined, undefined) ?? '', /Linux/);
    assert.match(whyNoOutages('linux', 0, 'ws://a/') ?? '', /only a server that the run starts/);
  });

  it('have addresses of their own for each process, in the range for tests', () => {
    const { device, outside, routerOutside, routerInside, inside, route } = networkPlan(2 ** 22 - 1);
    assert.ok(device.length <= 15, device); // IFNAMSIZ
    assert.deepEqual(
      [outside, routerOutside, route, routerInside, inside],
      ['198.19.255.249', '198.19.255.250', '198.19.255.252/30', '198.19.255.253', '198.19.255.254'],
    );
    assert.equal(networkPlan(1).inside, '198.18.0.14');
  });

  // Elsewhere, and without root, the run says why there were none.
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    it('are left out with their reason', async () => {
      const { pass, outages } = await runStability({ connections: 2, mix: { clean: 1 }, outages: true });
      assert.equal(pass, true);
      assert.equal(outages?.count, 0);
      assert.match(outages?.missing ?? '', /network namespaces need/);
    });
  }
});
