// What a ledger could do to an answer on its way: which answer, how it is changed, and what experts are then shown.

const statement = (change) => (body, given) => {
  const file = JSON.parse(body);
  return change(file, given) ?? JSON.stringify(file);
};

/** The first page of the person's own list; a list of grants has none of these. */
const list = (change) => statement((page) => (page.accesses.length > 2 ? change(page) : undefined));

function flip(text, at) {
  const bytes = Buffer.from(text, 'base64');
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  return bytes.toString('base64');
}

export const tamperings = {
  'an event is left out of the proof': { path: '/v1/statement', change: statement((file) => { file.events.splice(3, 1); }) },
  'an event says something else': { path: '/v1/statement', change: statement((file) => { file.events[2].disclosed = flip(file.events[2].disclosed, -1); }), says: 'event' },
  'an event is made up': { path: '/v1/statement', change: statement((file) => { file.events.push({ ...file.events.at(-1), index: file.events.at(-1).index + 1 }); }) },
  'two events change places': { path: '/v1/statement', change: statement((file) => { [file.events[0], file.events[1]] = [file.events[1], file.events[0]]; }) },
  'the checkpoint is signed by nobody': { path: '/v1/statement', change: statement((file) => { file.checkpoint = file.checkpoint.replace(/[A-Za-z0-9+/]{10}=*\n$/, 'AAAAAAAAAA==\n'); }) },
  'the list is somebody else\'s': { path: '/v1/statement', change: (body, given) => given.others, says: 'STM-4' },
  'there is said to be no list': { path: '/v1/statement', change: statement((file) => { file.map = { present: false, proof: file.map.proof }; delete file.range; file.events = []; }) },
  'the count is another': { path: '/v1/statement', change: statement((file) => { file.map.count -= 1; }) },
  'an open event is called withheld': { path: '/v1/statement', change: statement((file) => {
    const event = file.events[1];
    delete event.disclosed;
    event.c_d = event.c_r;
    delete event.c_r;
    event.withheld = true;
  }) },
  'the label is proven by another key': { path: '/v1/statement', change: statement((file) => { file.vrf_proof = flip(file.vrf_proof, 40); }) },
  'the log begins otherwise': { path: '/v1/statement', change: statement((file) => { file.genesis.entry = flip(file.genesis.entry, -3); }) },
  'the epoch is another': { path: '/v1/statement', change: statement((file) => { file.epoch.entry = flip(file.epoch.entry, -1); }) },
  'the page is shown one access less': { path: '/v1/accesses', change: list((page) => { page.accesses.splice(1, 1); }), says: 'missing' },
  'the page is shown another text': { path: '/v1/accesses', change: list((page) => { page.accesses[0].purpose = 'Noget helt andet'; }), says: 'changed' },
  'the page is shown another organisation': { path: '/v1/accesses', change: list((page) => { page.accesses[0].org.name = 'En anden myndighed'; }), says: 'changed' },
  'the page is shown another sender': { path: '/v1/accesses', change: list((page) => { page.accesses[0].sender.id += 1; }), says: 'changed' },
  'an open access is called erased': { path: '/v1/accesses', change: list((page) => { page.accesses[1] = { ...Object.fromEntries(['index', 'ledger_time', 'sender', 'proof'].map((name) => [name, page.accesses[1][name]])), erased: true }; }), says: 'changed' },
  'the page is shown an access that is not proven': { path: '/v1/accesses', change: list((page) => { page.accesses.push({ ...page.accesses[0], index: 2 }); }), says: 'unproven' },
};
