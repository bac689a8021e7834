// The members of a basket in their order: dragged, moved with Alt and the arrow keys, or with the buttons (touch).
// Rows are known by ticker. A step that the server has not acknowledged yet is laid over its answer and sent again.

const make = root => {
  const state = { root, rows: [], out: [], at: 0, post: () => {}, dragged: null, elements: new Map() };
  setInterval(() => { if (state.out.length && Date.now() - state.at > 1500) state.post(); }, 500);
  return state;
};

const moved = (rows, step) => {
  const row = rows.find(r => r.t === step.ticker);
  if (!row) return rows;
  const rest = rows.filter(r => r !== row);
  const at = step.before === '' ? rest.length : rest.findIndex(r => r.t === step.before);
  if (at < 0) return rows;
  return [...rest.slice(0, at), row, ...rest.slice(at)];
};

const send = (state, ticker, before) => {
  const step = { id: Date.now().toString(36) + Math.random().toString(36).slice(2), ticker, before };
  state.out.push(step);
  state.rows = moved(state.rows, step);
  draw(state);
  state.post();
};

const by = (state, ticker, places) => {
  const at = state.rows.findIndex(r => r.t === ticker);
  const to = at + places;
  if (at < 0 || to < 0 || to >= state.rows.length) return;
  const before = places < 0 ? state.rows[to].t : (state.rows[to + 1]?.t ?? '');
  send(state, ticker, before);
  state.elements.get(ticker).focus();
};

const element = (state, row) => {
  const item = document.createElement('li');
  item.tabIndex = 0;
  item.draggable = true;
  item.dataset.ticker = row.t;
  const name = document.createElement('span');
  const up = document.createElement('button');
  const down = document.createElement('button');
  up.textContent = '↑';
  down.textContent = '↓';
  up.onclick = () => by(state, row.t, -1);
  down.onclick = () => by(state, row.t, 1);
  item.append(name, up, down);
  item.onkeydown = event => {
    const places = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!places || event.target !== item) return;
    event.preventDefault();
    if (event.altKey) return by(state, row.t, places);
    (places < 0 ? item.previousElementSibling : item.nextElementSibling)?.focus();
  };
  item.ondragstart = event => { state.dragged = row.t; event.dataTransfer.effectAllowed = 'move'; event.dataTransfer.setData('text/plain', row.t); };
  item.ondragover = event => { if (state.dragged) { event.preventDefault(); item.classList.add('over'); } };
  item.ondragleave = () => item.classList.remove('over');
  item.ondragend = () => { state.dragged = null; item.classList.remove('over'); };
  item.ondrop = event => {
    event.preventDefault();
    item.classList.remove('over');
    if (state.dragged && state.dragged !== row.t) {
      const from = state.rows.findIndex(r => r.t === state.dragged), to = state.rows.findIndex(r => r.t === row.t);
      send(state, state.dragged, from < to ? (state.rows[to + 1]?.t ?? '') : row.t);
    }
    state.dragged = null;
  };
  return item;
};

const draw = state => {
  const list = state.root.querySelector('ol');
  const gone = new Set(state.elements.keys());
  let at = list.firstChild;
  for (const row of state.rows) {
    gone.delete(row.t);
    let item = state.elements.get(row.t);
    if (!item) state.elements.set(row.t, item = element(state, row));
    const text = `${row.n} ${row.t}`;
    if (item.firstChild.textContent !== text) item.firstChild.textContent = text;
    item.querySelectorAll('button').forEach((button, n) => button.setAttribute('aria-label', `${state.words[n]} ${row.n}`));
    if (item === at) at = at.nextSibling; else list.insertBefore(item, at);
  }
  gone.forEach(ticker => { state.elements.get(ticker).remove(); state.elements.delete(ticker); });
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.order');
  const state = root.state ||= make(root);
  const given = JSON.parse(data.j);
  state.post = () => { if (state.out.length) { state.at = Date.now(); setTriggerValue('steps', state.out); } };
  state.words = given.words;
  root.querySelector('ol').setAttribute('aria-label', given.title);
  state.out = state.out.filter(step => !given.seen.includes(step.id));
  state.rows = state.out.reduce(moved, given.rows);
  const focused = root.getRootNode().activeElement?.dataset?.ticker;
  draw(state);
  if (focused) state.elements.get(focused)?.focus();
}
