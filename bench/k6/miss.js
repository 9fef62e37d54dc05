// miss: CLIENTS ask for thumbs that nobody has asked for, each once, for DURATION or until THUMBS of them are made.
import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { base, clients, collection, duration, load, remove, signIn, sizes, summary, trends, upload } from './lib.js';

const picture = load();
const thumbs = sizes(Number(__ENV.THUMBS || 400));
const busy = new Counter('busy');

export const options = {
  scenarios: { miss: { executor: 'shared-iterations', vus: clients, iterations: thumbs.length, maxDuration: duration } }, summaryTrendStats: trends,
};

export function setup() {
  const token = signIn();
  const name = collection(token, thumbs);
  return { token, name, path: upload(token, name, picture) };
}

export default function (data) {
  const r = http.get(`${base}${data.path}?thumb=${thumbs[exec.scenario.iterationInTest]}`, { tags: { kind: 'miss' } });
  if (r.status === 503) busy.add(1);
  check(r, { 'a thumb, or too busy for one': (r) => r.status === 200 || r.status === 503 });
}

export function teardown(data) { remove(data.token, data.name); }
export { summary as handleSummary };
