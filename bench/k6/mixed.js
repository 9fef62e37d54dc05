// mixed: RATE hits a second, while MISSERS clients ask for thumbs that nobody has asked for and so keep the renderers busy.
// What counts is how long hits take then: the metric hit_time, in milliseconds. With HIT_URL the hits go to another server,
// beside the same render load on BASE_URL.
import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import { base, collection, duration, load, remove, signIn, sizes, summary, thumb, trends, upload } from './lib.js';

const picture = load();
const pictures = Number(__ENV.PICTURES || 4);
const thumbs = sizes(Number(__ENV.THUMBS || 400));
const hitTime = new Trend('hit_time', true);
const misses = new Counter('misses');

export const options = {
  scenarios: {
    misses: { executor: 'constant-vus', exec: 'miss', vus: Number(__ENV.MISSERS || 8), duration },
    hits: {
      executor: 'constant-arrival-rate', exec: 'hit', rate: Number(__ENV.RATE || 200), timeUnit: '1s', preAllocatedVUs: 50, maxVUs: 200,
      duration: __ENV.HIT_DURATION || duration, startTime: '1s', gracefulStop: '5s',
    },
  },
  summaryTrendStats: trends,
};

export function setup() {
  const token = signIn();
  const name = collection(token, thumbs.concat(thumb));
  const paths = Array.from({ length: pictures }, () => upload(token, name, picture));
  const own = `${base}${paths[0]}?thumb=${thumb}`;
  http.get(own);
  return { token, name, paths, hit: __ENV.HIT_URL || own };
}

export function miss(data) {
  const n = exec.scenario.iterationInTest;
  if (n >= thumbs.length * data.paths.length) exec.test.abort('all thumbs are made: ask for more THUMBS');
  const r = http.get(`${base}${data.paths[n % data.paths.length]}?thumb=${thumbs[Math.floor(n / data.paths.length)]}`);
  misses.add(1);
  check(r, { 'a thumb, or too busy for one': (r) => r.status === 200 || r.status === 503 });
}

export function hit(data) {
  const r = http.get(data.hit);
  hitTime.add(r.timings.duration);
  check(r, { 'a hit': (r) => r.status === 200 });
}

export function teardown(data) { remove(data.token, data.name); }
export { summary as handleSummary };
