// What the scenarios share. They speak PocketBase's API and no other, so BASE_URL may be any server that speaks it.
import http from 'k6/http';
import { fail } from 'k6';

export const base = (__ENV.BASE_URL || 'http://127.0.0.1:8090').replace(/\/$/, '');
export const duration = __ENV.DURATION || '10s';
export const clients = Number(__ENV.CLIENTS || 32);
export const thumb = __ENV.THUMB || '400x300';

const accounts = __ENV.ACCOUNTS || '_superusers'; // the collection of IDENTITY
const prefix = __ENV.COLLECTION || 'k6'; // of the names of collections that are made and removed again

// The one picture that a scenario uploads. Only an init context may open files, so every script says: const picture = load().
export const load = () => open(__ENV.PICTURE || fail('PICTURE names no file'), 'b');

function send(method, path, body, token, want) {
  const json = typeof body === 'string';
  const headers = Object.assign(json ? { 'Content-Type': 'application/json' } : {}, token ? { Authorization: token } : {});
  const r = http.request(method, base + path, body, { headers, tags: { kind: 'setup' } });
  if (r.status !== want) fail(`${method} ${path}: status ${r.status}: ${String(r.body).slice(0, 300)}`);
  return r;
}

export function signIn() {
  const body = JSON.stringify({ identity: __ENV.IDENTITY, password: __ENV.PASSWORD });
  return send('POST', `/api/collections/${accounts}/auth-with-password`, body, '', 200).json('token');
}

export const fileToken = (token) => send('POST', '/api/files/token', '', token, 200).json('token');

// A collection with a file field "image" that lists these thumbs; of a name that no other run has.
export function collection(token, thumbs, protect) {
  const name = `${prefix}_${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
  const rule = protect ? '@request.auth.id != ""' : '';
  const field = { name: 'image', type: 'file', maxSelect: 1, maxSize: 1 << 28, thumbs, protected: !!protect };
  send('POST', '/api/collections', JSON.stringify({ name, type: 'base', fields: [field], listRule: rule, viewRule: rule }), token, 200);
  return name;
}

export const remove = (token, name) => send('DELETE', `/api/collections/${name}`, '', token, 204);

// Uploads the picture and returns the path of its bytes.
export function upload(token, name, picture) {
  const file = http.file(picture, 'picture.' + (__ENV.PICTURE || '').split('.').pop());
  const v = send('POST', `/api/collections/${name}/records`, { image: file }, token, 200).json();
  return `/api/files/${name}/${v.id}/${v.image}`;
}

// Sizes that differ by a pixel each, near 400×300: so many cold thumbs of one picture.
export function sizes(n) {
  const side = Math.ceil(Math.sqrt(n));
  return Array.from({ length: n }, (_, i) => `${400 + (i % side)}x${300 + Math.floor(i / side)}`);
}

// Prints the summary as JSON where SUMMARY names a file, and a line for each metric.
export function summary(data) {
  const out = {};
  if (__ENV.SUMMARY) out[__ENV.SUMMARY] = JSON.stringify(data.metrics);
  const lines = Object.entries(data.metrics).filter(([k]) => !k.includes('setup'))
    .map(([k, m]) => `${k}: ${Object.entries(m.values).map(([s, v]) => `${s} ${Number(v).toFixed(2)}`).join(', ')}`);
  out.stdout = lines.sort().join('\n') + '\n';
  return out;
}

export const trends = ['med', 'p(90)', 'p(99)', 'max', 'count'];
