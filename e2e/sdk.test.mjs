// PocketBase's own JavaScript client against a running server:
//   BASE_URL=… ADMIN_EMAIL=… ADMIN_PASSWORD=… node --test sdk.test.mjs
// Nothing here is written for us: what the client sends and expects is PocketBase's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { File } from 'node:buffer'; // global only from Node 20 on
import { readFile } from 'node:fs/promises';
import PocketBase, { ClientResponseError } from 'pocketbase';

const base = process.env.BASE_URL;
const admin = new PocketBase(base);
const guest = new PocketBase(base);
const picture = await readFile(process.env.PICTURE);
const webp = await readFile(process.env.PICTURE_WEBP);
const file = (name, bytes = picture, type = 'image/jpeg') => new File([bytes], name, { type });
const text = (name, content) => new File([content], name, { type: 'text/plain' });

/** What a promise is refused with: status and body. */
async function refusal(promise) {
  try {
    await promise;
  } catch (e) {
    assert.ok(e instanceof ClientResponseError, String(e));
    return { status: e.status, ...e.response };
  }
  assert.fail('it was not refused');
}

async function bytesOf(url) {
  const answer = await fetch(url);
  return { status: answer.status, type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) };
}

for (const pb of [admin, guest]) pb.autoCancellation(false);

before(async () => {
  await admin.collection('_superusers').authWithPassword(process.env.ADMIN_EMAIL, process.env.ADMIN_PASSWORD);
  await admin.collections.create({
    name: 'tags', type: 'base', listRule: '', viewRule: '',
    fields: [{ name: 'label', type: 'text', required: true }],
  });
  const tags = await admin.collections.getOne('tags');
  await admin.collections.create({
    name: 'albums', type: 'base', listRule: '', viewRule: '', createRule: '@request.auth.id != ""',
    updateRule: 'owner = @request.auth.id', deleteRule: 'owner = @request.auth.id',
    indexes: ['CREATE INDEX idx_albums_rank ON albums (rank)', 'CREATE UNIQUE INDEX idx_albums_code ON albums (code) WHERE code != \'\''],
    fields: [
      { name: 'title', type: 'text', required: true, max: 40 },
      { name: 'code', type: 'text' },
      { name: 'rank', type: 'number', min: 0, max: 100, onlyInt: true },
      { name: 'shown', type: 'bool' },
      { name: 'contact', type: 'email' },
      { name: 'site', type: 'url' },
      { name: 'taken', type: 'date' },
      { name: 'mood', type: 'select', maxSelect: 1, values: ['calm', 'loud'] },
      { name: 'colours', type: 'select', maxSelect: 3, values: ['red', 'green', 'blue'] },
      { name: 'extra', type: 'json', maxSize: 2000 },
      { name: 'body', type: 'editor' },
      { name: 'owner', type: 'relation', maxSelect: 1, collectionId: '_pb_users_auth_' },
      { name: 'tags', type: 'relation', maxSelect: 5, collectionId: tags.id },
      { name: 'cover', type: 'file', maxSelect: 1, maxSize: 5_000_000, mimeTypes: ['image/jpeg', 'image/webp'], thumbs: ['60x40', '0x30'] },
      { name: 'images', type: 'file', maxSelect: 5, maxSize: 5_000_000, thumbs: ['60x40'] },
      { name: 'created', type: 'autodate', onCreate: true },
      { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true },
    ],
  });
  await admin.collections.create({
    name: 'secrets', type: 'base', listRule: null, viewRule: 'owner = @request.auth.id', createRule: '@request.auth.id != ""',
    fields: [
      { name: 'owner', type: 'relation', maxSelect: 1, collectionId: '_pb_users_auth_' },
      { name: 'paper', type: 'file', maxSelect: 1, protected: true, thumbs: ['60x40'] },
    ],
  });
});

after(async () => {
  for (const name of ['secrets', 'albums', 'tags']) await admin.collections.delete(name);
});

/** A new user with a client of its own, signed in. */
async function newUser(email, password = 'a-long-password') {
  const pb = new PocketBase(base);
  pb.autoCancellation(false);
  await pb.collection('users').create({ email, password, passwordConfirm: password, name: email.split('@')[0] });
  await pb.collection('users').authWithPassword(email, password);
  return pb;
}

test('health', async () => {
  assert.equal((await guest.health.check()).message, 'API is healthy.');
});

test('signing in, refreshing and signing in wrongly', async () => {
  const ann = await newUser('ann@example.com');
  assert.ok(ann.authStore.isValid);
  assert.equal(ann.authStore.record.email, 'ann@example.com');
  assert.equal(ann.authStore.record.collectionName, 'users');
  assert.ok(!('password' in ann.authStore.record) && !('tokenKey' in ann.authStore.record));
  const before = ann.authStore.token;
  const refreshed = await ann.collection('users').authRefresh();
  assert.ok(refreshed.token.length > 100);
  ann.authStore.save(before, refreshed.record);
  const wrong = await refusal(guest.collection('users').authWithPassword('ann@example.com', 'not-this-one'));
  assert.equal(wrong.status, 400);
  assert.equal(wrong.message, 'Failed to authenticate.');
  const unknown = await refusal(guest.collection('users').authWithPassword('nobody@example.com', 'not-this-one'));
  assert.deepEqual(unknown, wrong);
  const blank = await refusal(guest.collection('users').authWithPassword('', ''));
  assert.equal(blank.data.identity.code, 'validation_required');
  assert.equal((await refusal(guest.collection('albums').authWithPassword('a', 'b'))).status, 404);
});

test('a new password ends all tokens at once', async () => {
  const cat = await newUser('cat@example.com');
  const other = new PocketBase(base);
  other.authStore.save(cat.authStore.token, cat.authStore.record);
  const fileToken = await cat.files.getToken();
  const secret = await cat.collection('secrets').create({ owner: cat.authStore.record.id, paper: file('p.jpg') });
  const url = cat.files.getURL(secret, secret.paper, { token: fileToken });
  assert.equal((await bytesOf(url)).status, 200);
  const id = cat.authStore.record.id;
  await cat.collection('users').update(id, { oldPassword: 'a-long-password', password: 'another-password', passwordConfirm: 'another-password' });
  assert.equal((await refusal(other.collection('users').authRefresh())).status, 401);
  assert.equal((await bytesOf(url)).status, 404);
  assert.equal((await refusal(guest.collection('users').authWithPassword('cat@example.com', 'a-long-password'))).status, 400);
  await cat.collection('users').authWithPassword('cat@example.com', 'another-password');
});

test('a new address ends all tokens at once', async () => {
  const dee = await newUser('dee@example.com');
  const { id } = dee.authStore.record;
  const secret = await dee.collection('secrets').create({ owner: id, paper: file('p.jpg') });
  const url = dee.files.getURL(secret, secret.paper, { token: await dee.files.getToken() });
  assert.equal((await bytesOf(url)).status, 200);
  assert.equal((await refusal(dee.collection('users').update(id, { email: 'dee2@example.com' }))).data.email.code, 'validation_values_mismatch');
  assert.equal((await bytesOf(url)).status, 200);
  await admin.collection('users').update(id, { email: 'dee2@example.com' });
  assert.equal((await bytesOf(url)).status, 404);
  assert.equal((await refusal(dee.collection('users').authRefresh())).status, 401);
  assert.equal((await refusal(dee.files.getToken())).status, 401);
  await dee.collection('users').authWithPassword('dee2@example.com', 'a-long-password');
});

test('uploading several files, reading them and their thumbs', async () => {
  const dan = await newUser('dan@example.com');
  const album = await dan.collection('albums').create({
    title: 'Trip', owner: dan.authStore.record.id, rank: 7, shown: true, colours: ['red', 'blue'], extra: { a: [1, 2] },
    cover: file('My Cover.jpg'), images: [file('One.jpg'), file('two Ünïcode.webp', webp, 'image/webp'), text('notes.txt', 'hello')],
  });
  assert.match(album.cover, /^my_cover_[a-z0-9]{10}\.jpg$/);
  assert.equal(album.images.length, 3);
  assert.deepEqual([album.rank, album.shown, album.colours, album.extra], [7, true, ['red', 'blue'], { a: [1, 2] }]);
  assert.match(album.created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/);

  const original = await bytesOf(guest.files.getURL(album, album.cover));
  assert.ok(original.bytes.equals(picture));
  const thumb = await bytesOf(guest.files.getURL(album, album.cover, { thumb: '60x40' }));
  assert.equal(thumb.type, 'image/jpeg');
  assert.ok(thumb.bytes.length < picture.length);
  const webpThumb = await bytesOf(guest.files.getURL(album, album.images[1], { thumb: '60x40' }));
  assert.equal(webpThumb.type, 'image/webp');
  const unlisted = await bytesOf(guest.files.getURL(album, album.cover, { thumb: '61x40' }));
  assert.ok(unlisted.bytes.equals(picture));
  const note = await fetch(guest.files.getURL(album, album.images[2]));
  assert.equal(await note.text(), 'hello');
  assert.match(note.headers.get('content-disposition'), /^attachment; filename=notes_/);
  const saved = await fetch(guest.files.getURL(album, album.cover, { download: true }));
  assert.match(saved.headers.get('content-disposition'), /^attachment;/);
});

test('modifiers append, prepend, remove, replace and reorder files', async () => {
  const eve = await newUser('eve@example.com');
  const albums = eve.collection('albums');
  let a = await albums.create({ title: 'M', owner: eve.authStore.record.id, images: [file('a.jpg')] });
  const [first] = a.images;
  a = await albums.update(a.id, { 'images+': [file('bbb.jpg'), file('ccc.jpg')] });
  assert.deepEqual([a.images.length, a.images[0]], [3, first]);
  a = await albums.update(a.id, { '+images': file('ddd.jpg') });
  assert.match(a.images[0], /^ddd_/);
  assert.equal(a.images[1], first);
  a = await albums.update(a.id, { 'images-': [first] });
  assert.equal(a.images.length, 3);
  assert.equal((await fetch(guest.files.getURL(a, first))).status, 404);
  a = await albums.update(a.id, { 'images-': 'never_was.jpg' });
  assert.equal(a.images.length, 3);
  const reversed = [...a.images].reverse();
  a = await albums.update(a.id, { images: reversed });
  assert.deepEqual(a.images, reversed);
  a = await albums.update(a.id, { images: [reversed[0], file('eee.jpg')] });
  assert.equal(a.images[0], reversed[0]);
  assert.match(a.images[1], /^eee_/);
  assert.equal((await fetch(guest.files.getURL(a, reversed[1]))).status, 404);
  a = await albums.update(a.id, { images: [] });
  assert.deepEqual(a.images, []);
  a = await albums.update(a.id, { 'rank+': 5 });
  assert.equal(a.rank, 5);
  a = await albums.update(a.id, { 'rank-': 2 });
  assert.equal(a.rank, 3);
  a = await albums.update(a.id, { cover: file('x1.jpg') });
  const cover = a.cover;
  a = await albums.update(a.id, { cover: null });
  assert.equal(a.cover, '');
  assert.equal((await fetch(guest.files.getURL({ ...a }, cover))).status, 404);
});

test('validation errors are PocketBase\'s', async () => {
  const albums = admin.collection('albums');
  const refused = async (values) => {
    const r = await refusal(albums.create(values));
    assert.deepEqual([r.status, r.message], [400, 'Failed to create record.']);
    return r.data;
  };
  assert.deepEqual(await refused({}), { title: { code: 'validation_required', message: 'Cannot be blank.' } });
  const data = await refused({
    title: 'x'.repeat(41), rank: 1.5, contact: 'nobody', site: 'nowhere', mood: 'sad', colours: ['red', 'pink'],
    owner: 'aaaaaaaaaaaaaaa', cover: text('note.txt', 'plain text'), images: [1, 2, 3, 4, 5, 6].map((n) => file(`f${n}.jpg`)),
  });
  const codes = Object.fromEntries(Object.entries(data).map(([k, v]) => [k, v.code]));
  assert.deepEqual(codes, {
    title: 'validation_max_text_constraint', rank: 'validation_only_int_constraint', contact: 'validation_is_email',
    site: 'validation_invalid_url', mood: 'validation_invalid_value', colours: 'validation_invalid_value',
    owner: 'validation_missing_rel_records', cover: 'validation_invalid_mime_type', images: 'validation_too_many_files',
  });
  assert.equal(data.images.message, 'The maximum allowed files is 5.');
  assert.deepEqual(data.images.params, { maxSelect: 5 });
  assert.match(data.cover.message, /^"note_[a-z0-9]{10}\.txt" mime type must be one of: image\/jpeg, image\/webp\.$/);
  const big = await refused({ title: 'b', images: [file('big.bin', Buffer.alloc(5_000_001), 'application/octet-stream')] });
  assert.equal(big.images.code, 'validation_file_size_limit');
  const forged = await refused({ title: 'f', cover: 'evil.jpg' });
  assert.deepEqual([forged.cover.code, forged.cover.params], ['validation_invalid_file', { invalidFiles: ['evil.jpg'] }]);
  await albums.create({ title: 'unique', code: 'one' });
  assert.equal((await refused({ title: 'unique', code: 'one' })).code.code, 'validation_not_unique');
  const range = await refused({ title: 'r', rank: 101 });
  assert.equal(range.rank.code, 'validation_max_number_constraint');
});

test('lists: pages, sorting, filters, fields and expand', async () => {
  const fay = await newUser('fay@example.com');
  const [red, blue] = await Promise.all(['red', 'blue'].map((label) => admin.collection('tags').create({ label })));
  for (let i = 0; i < 12; i += 1) {
    await admin.collection('albums').create({
      title: `list ${i}`, code: `list-${i}`, rank: i, owner: fay.authStore.record.id, shown: i % 2 === 0, tags: [red.id, blue.id],
      taken: `2026-01-${String(i + 1).padStart(2, '0')} 10:00:00.000Z`,
    });
  }
  const mine = guest.filter('owner = {:id}', { id: fay.authStore.record.id });
  const page = await guest.collection('albums').getList(2, 5, { filter: mine, sort: '-rank' });
  assert.deepEqual([page.page, page.perPage, page.totalItems, page.totalPages], [2, 5, 12, 3]);
  assert.deepEqual(page.items.map((i) => i.rank), [6, 5, 4, 3, 2]);
  const quick = await guest.collection('albums').getList(1, 3, { filter: mine, skipTotal: true });
  assert.deepEqual([quick.totalItems, quick.totalPages, quick.items.length], [-1, -1, 3]);
  const all = await guest.collection('albums').getFullList({ filter: mine, batch: 5 });
  assert.equal(all.length, 12);
  const found = await guest.collection('albums').getFirstListItem(`${mine} && rank >= 3 && shown = true && title ~ "LIST"`, { sort: 'rank' });
  assert.equal(found.rank, 4);
  const dated = await guest.collection('albums').getFullList({ filter: `${mine} && taken >= "2026-01-10 00:00:00.000Z"` });
  assert.equal(dated.length, 3);
  const either = await guest.collection('albums').getFullList({ filter: `${mine} && (rank = 1 || rank = 2)` });
  assert.equal(either.length, 2);
  const one = await guest.collection('albums').getOne(found.id, { expand: 'tags,owner', fields: 'id,expand.tags.label' });
  assert.deepEqual(one.expand.tags.map((t) => t.label), ['red', 'blue']);
  assert.deepEqual(Object.keys(one).sort(), ['expand', 'id']);
  assert.equal(one.expand.owner, undefined); // a guest may not view users
  const own = await fay.collection('albums').getOne(found.id, { expand: 'owner' });
  assert.equal(own.expand.owner.email, 'fay@example.com');
  assert.equal((await refusal(guest.collection('albums').getList(1, 5, { filter: 'nothing = 1' }))).status, 400);
  assert.equal((await refusal(guest.collection('albums').getList(1, 5, { sort: 'nothing' }))).status, 400);
  assert.equal((await refusal(guest.collection('albums').getOne('aaaaaaaaaaaaaaa'))).status, 404);
});

test('rules decide who may do what', async () => {
  const [gil, hal] = [await newUser('gil@example.com'), await newUser('hal@example.com')];
  assert.equal((await refusal(guest.collection('albums').create({ title: 'x' }))).status, 400);
  const album = await gil.collection('albums').create({ title: 'x', owner: gil.authStore.record.id });
  assert.equal((await refusal(hal.collection('albums').update(album.id, { title: 'y' }))).status, 404);
  assert.equal((await refusal(hal.collection('albums').delete(album.id))).status, 404);
  await gil.collection('albums').update(album.id, { title: 'z' });
  const closed = await refusal(gil.collection('secrets').getList());
  assert.deepEqual([closed.status, closed.message], [403, 'Only superusers can perform this action.']);
  assert.equal((await refusal(guest.collections.getFullList())).status, 401);
  assert.equal((await refusal(gil.collections.getFullList())).status, 403);
  // An e-mail address is shown to its owner, and to others only when it is marked visible.
  assert.equal((await admin.collection('users').getOne(gil.authStore.record.id)).email, 'gil@example.com');
  assert.equal((await refusal(hal.collection('users').getOne(gil.authStore.record.id))).status, 404);
});

test('protected files need a file token of somebody whom the view rule admits', async () => {
  const [ida, jon] = [await newUser('ida@example.com'), await newUser('jon@example.com')];
  const secret = await ida.collection('secrets').create({ owner: ida.authStore.record.id, paper: file('paper.jpg') });
  assert.equal((await bytesOf(ida.files.getURL(secret, secret.paper))).status, 404);
  for (const [pb, status] of [[ida, 200], [jon, 404], [admin, 200]]) {
    const token = await pb.files.getToken();
    for (const query of [{ token }, { token, thumb: '60x40' }]) {
      assert.equal((await bytesOf(pb.files.getURL(secret, secret.paper, query))).status, status);
    }
  }
  assert.equal((await refusal(guest.files.getToken())).status, 401);
});

test('deleting a record removes its files', async () => {
  const kim = await newUser('kim@example.com');
  const album = await kim.collection('albums').create({ title: 'gone', owner: kim.authStore.record.id, cover: file('a.jpg'), images: [file('b.jpg')] });
  await bytesOf(guest.files.getURL(album, album.cover, { thumb: '60x40' }));
  assert.equal(await kim.collection('albums').delete(album.id), true);
  for (const name of [album.cover, ...album.images]) assert.equal((await fetch(guest.files.getURL(album, name))).status, 404);
  assert.equal((await refusal(kim.collection('albums').delete(album.id))).status, 404);
});

test('collections can be listed, changed, renamed and deleted', async () => {
  const made = await admin.collections.create({ name: 'draft', type: 'base', fields: [{ name: 'a', type: 'text' }, { name: 'f', type: 'file' }] });
  assert.deepEqual(Object.keys(made.fields.find((f) => f.name === 'f')).sort(), ['help', 'hidden', 'id', 'maxSelect', 'maxSize',
    'mimeTypes', 'name', 'presentable', 'protected', 'required', 'system', 'thumbs', 'type']);
  assert.equal(made.fields[0].name, 'id');
  const record = await admin.collection('draft').create({ a: 'kept', f: file('a.jpg') });
  const renamed = await admin.collections.update('draft', {
    name: 'final', viewRule: '', fields: made.fields.map((f) => (f.name === 'a' ? { ...f, name: 'b' } : f)),
  });
  assert.equal(renamed.id, made.id);
  const again = await guest.collection('final').getOne(record.id);
  assert.equal(again.b, 'kept');
  assert.equal((await bytesOf(guest.files.getURL(again, again.f))).status, 200);
  assert.ok((await admin.collections.getFullList()).some((c) => c.name === 'final'));
  const bad = await refusal(admin.collections.create({ name: 'bad', type: 'base', viewRule: 'nothing = 1', fields: [{ name: 'f', type: 'file', thumbs: ['x'] }] }));
  assert.equal(bad.status, 400);
  const clash = await refusal(admin.collections.create({ name: 'FINAL', type: 'base' }));
  assert.equal(clash.data.name.code, 'validation_collection_name_exists');
  await admin.collections.delete('final');
  assert.equal((await refusal(admin.collections.getOne('final'))).status, 404);
  assert.equal((await bytesOf(guest.files.getURL(again, again.f))).status, 404);
});
