// A view of openapi.json: every path, what it takes and answers, and a way to try it.
const MOST_PARTS = 100, DEEPEST = 12;
const METHODS = ['get', 'post', 'put', 'delete', 'patch'];
let whole;

function resolved(schema) {
  for (let times = 0; schema instanceof Map && schema.has('$ref') && times < 20; times++) {
    schema = schema.get('$ref').slice(2).split('/').reduce((at, key) => at && at.get(key.replaceAll('~1', '/').replaceAll('~0', '~')), whole);
  }
  if (!(schema instanceof Map)) return new Map();
  return schema.has('allOf') ? new Map([...resolved(schema.get('allOf')[0]), ...schema]) : schema;
}

const lastPart = schema => schema instanceof Map && schema.has('$ref') ? schema.get('$ref').split('/').pop() : '';

function kindOf(given) {
  const schema = resolved(given), type = schema.get('type');
  if (schema.has('const')) return `exactly ${compact(schema.get('const')).slice(0, 300)}`;
  if (schema.has('enum')) { const all = schema.get('enum'); return `one of ${all.slice(0, 20).map(one => compact(one)).join(', ')}${all.length > 20 ? ' …' : ''}`; }
  const bounds = ['minimum', 'maximum', 'minItems', 'maxItems'].filter(key => schema.has(key)).map(key => `${key} ${schema.get(key)}`);
  const name = Array.isArray(type) ? type.join(' or ') : type || (schema.has('anyOf') ? 'any of these' : 'anything');
  return [name, schema.get('format'), schema.get('contentEncoding'), ...bounds].filter(Boolean).join(', ');
}

// The parts of a schema, those within them when they are opened.
function parts(given, depth) {
  const schema = resolved(given), found = [];
  const required = schema.get('required') || [];
  const line = (label, one, must) => {
    const title = resolved(one).get('title'), head = [el('code', {}, label), ' ', el('span', { class: 'tag' }, kindOf(one)), must ? el('span', { class: 'note' }, ' required') : ''];
    const fallback = resolved(one).get('default');
    if (fallback !== undefined) head.push(el('span', { class: 'note' }, ` default ${compact(fallback)}`));
    const said = resolved(one).get('description');
    const inner = hasParts(one) && depth < DEEPEST;
    if (!inner) return el('div', {}, ...head, said ? el('div', { class: 'note' }, said) : null);
    const made = el('details', {}, el('summary', {}, ...head, title && title !== label ? el('span', { class: 'note' }, ` ${title}`) : null));
    made.addEventListener('toggle', () => { if (made.children.length === 1) made.append(...(said ? [el('div', { class: 'note' }, said)] : []), tree(one, depth + 1)); });
    return made;
  };
  const all = [...(schema.get('properties') || new Map())];
  for (const [name, one] of all.slice(0, MOST_PARTS)) found.push(line(name, one, required.includes(name)));
  if (all.length > MOST_PARTS) found.push(el('div', { class: 'note' }, `and ${all.length - MOST_PARTS} more`));
  for (const [n, one] of (schema.get('anyOf') || []).slice(0, MOST_PARTS).entries()) found.push(line(resolved(one).get('title') || lastPart(one) || `${n + 1}.`, one));
  const cells = schema.get('prefixItems') || [];
  for (const [n, one] of cells.slice(0, MOST_PARTS).entries()) found.push(line(`[${n}]`, one));
  if (cells.length > MOST_PARTS) found.push(el('div', { class: 'note' }, `and ${cells.length - MOST_PARTS} more`));
  if (schema.get('items') instanceof Map) found.push(line('[each]', schema.get('items')));
  if (schema.get('additionalProperties') instanceof Map) found.push(line('[each value]', schema.get('additionalProperties')));
  return found;
}

function hasParts(given) {
  const schema = resolved(given);
  return ['properties', 'anyOf', 'prefixItems'].some(key => schema.has(key)) || schema.get('items') instanceof Map || schema.get('additionalProperties') instanceof Map;
}

const tree = (schema, depth = 0) => el('div', { class: 'schema' }, ...parts(schema, depth));

function operation(path, method, about, shared) {
  const made = el('details', { class: 'op' }, el('summary', {}, el('span', { class: 'verb' }, method.toUpperCase()), el('code', {}, path), el('span', { class: 'note' }, about.get('summary') || '')));
  made.addEventListener('toggle', () => { if (made.open && made.children.length === 1) made.append(inside(path, method, about, shared)); });
  return made;
}

function inside(path, method, about, shared) {
  const box = el('div', {}), id = about.get('operationId');
  if (about.get('description')) box.append(el('p', {}, about.get('description')));
  const fields = (shared || []).map(param => {
    const among = resolved(param.get('schema')).get('enum') || [];
    const input = el('select', { id: `${id}-${param.get('name')}` }, ...among.map(one => el('option', {}, String(one))));
    box.append(el('h3', {}, el('label', { for: input.id }, param.get('name'))), input);
    return [param.get('name'), input];
  });
  const content = about.get('requestBody') ? about.get('requestBody').get('content') : new Map();
  let media = [...content.keys()][0];
  const area = el('textarea', { class: 'code', rows: 8, spellcheck: 'false', id: `${id}-body` });
  if (content.size) {
    const shown = el('div', {}), said = el('p', { class: 'note' });
    const choose = () => {
      const one = content.get(media), example = one.get('example'), schema = resolved(one.get('schema'));
      said.textContent = schema.get('description') || '';
      shown.replaceChildren(said, tree(one.get('schema')));
      area.value = example === undefined ? '' : typeof example === 'string' ? example : write(example);
    };
    const select = el('select', { id: `${id}-media` }, ...[...content.keys()].map(one => el('option', {}, one)));
    select.addEventListener('input', () => { media = select.value; choose(); });
    box.append(el('h3', {}, el('label', { for: select.id }, 'The body')), select, shown);
    choose();
  }
  box.append(trying(path, method, fields, content.size ? area : null, () => media));
  box.append(el('h3', {}, 'Answers'), el('div', { class: 'status' }, ...[...about.get('responses')].flatMap(([status, one]) => [el('b', {}, status), el('div', {}, answerOf(one, status))])));
  return box;
}

function answerOf(given, status) {
  const about = resolved(given), content = about.get('content'), first = content && [...content.values()][0];
  const made = [String(about.get('description')).split('\n\n').join(' · ').replaceAll('`', '')];
  if (status < '300' && first && hasParts(first.get('schema'))) made.push(el('details', {}, el('summary', { class: 'note' }, [...content.keys()].join(', ')), tree(first.get('schema'))));
  return el('div', {}, ...made);
}

function trying(path, method, fields, area, media) {
  const said = el('p', { role: 'status', class: 'note' }), out = el('pre', { hidden: true, tabindex: 0, 'aria-label': 'The answer' });
  const send = async () => {
    const at = fields.reduce((so, [name, input]) => so.replace(`{${name}}`, encodeURIComponent(input.value)), path);
    said.textContent = 'Asking …';
    try {
      const answer = await ask(at.slice(1), area ? { method: method.toUpperCase(), headers: { 'Content-Type': media() }, body: area.value } : { method: method.toUpperCase() });
      const text = await answer.text();
      said.textContent = `${answer.status} ${answer.statusText}, ${answer.headers.get('Content-Type') || 'no content type'}`;
      let shown = text;
      try { shown = write(read(text)); } catch { /* it is shown as it is */ }
      out.textContent = shown.slice(0, 200000);
      out.hidden = !shown;
    } catch (error) { said.textContent = error.message; }
  };
  const button = el('button', { type: 'button', class: 'main', click: send }, 'Send');
  if (area) area.addEventListener('keydown', event => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(); } });
  return el('div', { class: 'try' }, area ? el('label', { for: area.id }, 'Try it', area) : null, button, said, out);
}

async function start() {
  whole = await json('openapi.json');
  $('version').textContent = `version ${whole.get('info').get('version')}`;
  document.title = 'API – mlmodel';
  const groups = new Map();
  for (const [path, item] of whole.get('paths')) for (const method of METHODS) if (item.has(method)) {
    const about = item.get(method), tag = (about.get('tags') || ['Other'])[0];
    groups.set(tag, [...(groups.get(tag) || []), operation(path, method, about, item.get('parameters'))]);
  }
  $('main').replaceChildren(el('h1', {}, 'API'), el('p', { class: 'facts' }, el('span', {}, 'Every path of this server, made from the signatures of its models.'), el('a', { href: `${root}openapi.json` }, 'openapi.json')),
    ...[...groups].flatMap(([tag, made]) => [el('h2', { class: 'group' }, tag), ...made]));
  const first = $('main').querySelector('.op');
  if (first) first.open = true;
}
start().catch(error => { $('main').replaceChildren(); oops(error); });
