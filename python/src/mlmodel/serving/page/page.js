// The page of one model: its form, its answer, the lines that ask for the same elsewhere.
const MOST_FIELDS = 120, MOST_SHOWN = 200, MOST_AXIS = 40, MOST_BARS = 24, MOST_SERIES = 6, MOST_CELLS = 4000;
const WHOLE = new Set(['integer', 'long']), REAL = new Set(['float', 'double']);
const PYTHON = { true: 'True', false: 'False', null: 'None' };
class Bad { constructor(text, why) { this.text = text; this.why = why; } }

// -- what is declared ---------------------------------------------------------------------------

function typeName(spec) {
  const kind = spec.get('type');
  if (kind === 'tensor') {
    const tensor = spec.get('tensor-spec');
    return `${tensor.get('dtype')} [${tensor.get('shape').map(n => String(n) === '-1' ? 'n' : n).join(', ')}]`;
  }
  if (kind === 'array') return `list of ${typeName(spec.get('items'))}`;
  if (kind === 'map') return `map to ${typeName(spec.get('values'))}`;
  return String(kind);
}

function kindOfDtype(dtype) {
  if (/^u?int/.test(dtype)) return 'long';
  if (/^float/.test(dtype)) return 'double';
  if (/^bool/.test(dtype)) return 'boolean';
  return dtype.startsWith('datetime') ? 'datetime' : 'string';
}

// A field is one cell of a row: a column, a place of a tensor's row, or JSON for what is neither.
function fieldsOf(specs) {
  const fields = [];
  specs.forEach((spec, group) => {
    const name = spec.get('name');
    const label = name === undefined || name === null ? (specs.length > 1 || spec.get('type') !== 'tensor' ? `column ${group}` : 'input') : String(name);
    const base = { group, label, spec, type: typeName(spec), optional: spec.get('required') === false };
    if (spec.get('type') !== 'tensor') {
      const kind = spec.get('type');
      const simple = kind === 'boolean' || kind === 'string' || kind === 'datetime' || kind === 'binary' || WHOLE.has(kind) || REAL.has(kind);
      fields.push({ ...base, kind: simple ? kind : 'json' });
      return;
    }
    const shape = spec.get('tensor-spec').get('shape').map(Number), kind = kindOfDtype(spec.get('tensor-spec').get('dtype'));
    if (shape.length === 1 && shape[0] < 0) fields.push({ ...base, kind });
    else if (shape.length === 2 && shape[0] < 0 && shape[1] > 0 && shape[1] <= MOST_AXIS) {
      for (let place = 0; place < shape[1]; place++) fields.push({ ...base, kind, place, label: specs.length > 1 || name ? `${label}[${place}]` : `[${place}]`, type: spec.get('tensor-spec').get('dtype') });
    } else fields.push({ ...base, kind: 'json', whole: shape[0] >= 0 || !shape.length });
  });
  return fields;
}

const isBlank = value => value === null || value === undefined;
const shown = value => isBlank(value) ? '' : value instanceof Bad ? value.text : typeof value === 'string' ? value : value instanceof Num || typeof value === 'boolean' ? String(value) : compact(value);

// What a field holds as JSON. What is not of its type goes to the server as it is, which says why.
function valueOf(kind, text) {
  const bare = text.trim();
  if (kind === 'json') {
    if (!bare) return null;
    try { return read(text); } catch (error) { return new Bad(text, error.message); }
  }
  if (kind === 'string') return text;
  if (!bare) return null;
  if (kind === 'boolean') return bare === 'true' ? true : bare === 'false' ? false : bare;
  if (WHOLE.has(kind) || REAL.has(kind)) {
    NUMBER.lastIndex = 0;
    const found = NUMBER.exec(bare);
    return found && found[0].length === bare.length ? new Num(bare) : bare;
  }
  return bare;
}

// -- the form and the body of a request -----------------------------------------------------------

class Asked {
  constructor(model) {
    this.model = model;
    const signature = model.get('signature');
    this.specs = signature.get('inputs') || [];
    this.params = signature.get('params') || [];
    this.isTensor = this.specs.length > 0 && this.specs[0].get('type') === 'tensor';
    this.hasNames = this.specs.length > 0 && this.specs.every(spec => !isBlank(spec.get('name')));
    this.names = this.specs.map(spec => String(spec.get('name')));
    this.fields = fieldsOf(this.specs);
    this.isWhole = this.fields.some(field => field.whole);
    this.rows = [this.fields.map(() => null)];
    this.given = new Map();
    this.json = null;  // the body as text, where the form cannot show it
    this.why = '';
  }

  get canForm() { return this.specs.length > 0; }

  body() {
    const body = new Map();
    if (!this.isTensor) {
      const split = new Map();
      if (this.hasNames) split.set('columns', this.names);
      body.set('dataframe_split', split.set('data', this.rows));
    } else {
      const values = this.specs.map((spec, group) => {
        const at = this.fields.flatMap((field, index) => field.group === group ? [index] : []);
        const first = this.fields[at[0]];
        if (first.whole) return this.rows[0][at[0]];
        return this.rows.map(row => first.place === undefined ? row[at[0]] : at.map(index => row[index]));
      });
      body.set('inputs', this.hasNames ? new Map(this.names.map((name, n) => [name, values[n]])) : values[0]);
    }
    if (this.given.size) body.set('params', this.given);
    return body;
  }

  // Take a body over into the form; false (and why) where the form would not show all of it.
  take(body) {
    try {
      if (!(body instanceof Map)) throw new Error('it is not an object with a key such as dataframe_split');
      const params = body.get('params') || new Map();
      const known = new Set(this.params.map(spec => spec.get('name')));
      for (const name of params.keys()) if (!known.has(name)) throw new Error(`the parameter ${name} is not declared`);
      const keys = [...body.keys()].filter(key => key !== 'params');
      if (keys.length !== 1) throw new Error('it has not one key beside params');
      const rows = this.isTensor ? this.fromTensors(keys[0], body.get(keys[0])) : this.fromTable(keys[0], body.get(keys[0]));
      if (!rows.length) throw new Error('it has no rows');
      if (rows.length > MOST_SHOWN) throw new Error(`it has more than ${MOST_SHOWN} rows`);
      this.rows = rows;
      this.given = params;
      this.why = '';
      return true;
    } catch (error) {
      this.why = error.message;
      return false;
    }
  }

  fromTable(key, value) {
    if (key === 'dataframe_split' && value instanceof Map) {
      const names = value.get('columns'), data = value.get('data');
      if (![...value.keys()].every(one => ['columns', 'data', 'index'].includes(one)) || !Array.isArray(data)) throw new Error('its table has other keys than columns, data and index');
      return data.map(row => this.row(names && this.hasNames ? names.map(String) : null, row));
    }
    const records = key === 'dataframe_records' || key === 'instances' ? value : null;
    if (Array.isArray(records) && records.every(one => one instanceof Map)) return records.map(one => this.row([...one.keys()], [...one.values()]));
    if (Array.isArray(records) && !this.hasNames) return records.map(one => this.row(null, one));
    if (key === 'inputs' && value instanceof Map) {
      const lists = [...value.values()];
      if (lists.every(Array.isArray) && new Set(lists.map(one => one.length)).size === 1 && this.fields.every(field => field.kind !== 'json')) return lists[0].map((_, n) => this.row([...value.keys()], lists.map(one => one[n])));
    }
    throw new Error(`the form reads tables, and not ${key} as it is here`);
  }

  row(names, cells) {
    if (!Array.isArray(cells)) throw new Error('a row is not a list');
    if (!names) {
      if (cells.length !== this.fields.length) throw new Error(`a row has ${cells.length} cells in the place of ${this.fields.length}`);
      return [...cells];
    }
    const other = names.find(name => !this.names.includes(name));
    if (other !== undefined) throw new Error(`the column ${other} is not declared`);
    if (names.length !== cells.length || new Set(names).size !== names.length) throw new Error('a row has not one cell for each column');
    const missing = this.specs.find((spec, n) => spec.get('required') !== false && !names.includes(this.names[n]));
    if (missing) throw new Error(`the column ${missing.get('name')} is missing`);
    const by = new Map(names.map((name, n) => [name, cells[n]]));
    return this.names.map(name => by.has(name) ? by.get(name) : null);
  }

  fromTensors(key, value) {
    if (key !== 'inputs') throw new Error(`the form reads inputs, and not ${key}`);
    const values = this.hasNames && value instanceof Map ? this.names.map(name => value.get(name)) : this.specs.length === 1 ? [value] : [];
    if (values.length !== this.specs.length || values.some(one => one === undefined)) throw new Error('a tensor is missing');
    if (this.hasNames && value instanceof Map && value.size !== this.specs.length) throw new Error('it has a tensor that is not declared');
    const count = this.isWhole ? 1 : values[0].length;
    return Array.from({ length: count }, (_, n) => this.fields.map(field => {
      const of = values[field.group];
      if (field.whole) return of;
      if (!Array.isArray(of) || of.length !== count) throw new Error('the tensors have different numbers of rows');
      if (field.place === undefined) return of[n];
      const width = this.fields.filter(other => other.group === field.group).length;
      if (!Array.isArray(of[n]) || of[n].length !== width) throw new Error('a row has another length than declared');
      return of[n][field.place];
    }));
  }

  // The field of a violation: by the name of its column or its position.
  find(column) {
    const group = this.hasNames ? this.names.indexOf(String(column)) : Number(column);
    return this.fields.findIndex(field => field.group === group || (this.specs.length === 1 && this.isTensor && !this.hasNames));
  }

  text() { return this.json === null ? write(this.body()) : this.json; }
  faults() {
    const found = [];
    this.rows.forEach((row, at) => row.forEach((value, index) => { if (value instanceof Bad) found.push({ row: at, index, why: value.why }); }));
    for (const [name, value] of this.given) if (value instanceof Bad) found.push({ param: name, why: value.why });
    return found;
  }
}

// -- a model's page -------------------------------------------------------------------------------

class Page {
  constructor(model, request, single) {
    Object.assign(this, { model, request, at: 0, limit: MOST_FIELDS, boxes: new Map(), faults: [] });
    this.path = single ? 'invocations' : `models/${encodeURIComponent(model.get('name'))}/invocations`;
    const example = model.get('example');
    if (!isBlank(example) && !(request.canForm && request.take(example))) request.json = write(example);
    if (isBlank(example) && !request.canForm) request.json = '{"inputs": []}';
  }

  show() {
    const signature = this.model.get('signature'), flavors = this.model.get('flavors');
    this.form = el('form', { novalidate: true, autocomplete: 'off', submit: event => { event.preventDefault(); this.score(); } });
    this.form.addEventListener('keydown', event => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.score(); } });
    this.wrongs = el('div', { id: 'wrongs', role: 'alert' });
    this.panel = el('div', { role: 'tabpanel', 'aria-label': 'Input' });
    this.button = el('button', { class: 'main' }, 'Score');
    this.said = el('p', { id: 'said', role: 'status', 'aria-live': 'polite' });
    this.answer = el('div', { id: 'answer' }, el('p', { class: 'note' }, 'Nothing was scored yet.'));
    this.lines = el('pre', { id: 'lines', tabindex: 0, 'aria-label': 'The same request' });
    const views = this.request.canForm ? ['Form', 'JSON'] : ['JSON'];
    const input = el('div', { class: 'head' }, el('h2', {}, 'Input'));
    const said = { saved: 'the model’s own example', 'made up': 'neutral values, since the model has no example' }[this.model.get('example_is')];
    if (said) input.append(el('span', { class: 'note' }, said));
    this.form.append(input, this.wrongs, this.panel, el('div', { class: 'go' }, this.button, el('span', { class: 'note' }, 'or Ctrl + Enter anywhere in the form')));
    this.tabs = tabs('Input as', views, this.request.json === null && this.request.canForm ? 'Form' : 'JSON', name => this.choose(name));
    input.append(this.tabs);
    this.language = 'curl';
    const calls = tabs('Language', ['curl', 'Python', 'gRPC'], 'curl', name => { this.language = name; this.tell(); });
    const count = (signature.get('inputs') || []).length;
    return [
      el('h1', {}, this.model.get('name')),
      el('p', { class: 'facts' }, flavors.length ? el('span', {}, flavors.join(', ')) : null,
        el('span', {}, count ? `${count} ${this.request.isTensor ? 'tensor' : 'column'}${count > 1 ? 's' : ''}${this.request.isTensor && count === 1 ? ` ${typeName(this.request.specs[0])}` : ''}` : 'no declared inputs'),
        this.model.get('created') ? el('span', {}, `saved ${this.model.get('created').slice(0, 16)} UTC`) : null),
      el('div', { class: 'two' },
        el('section', { class: 'card', 'aria-label': 'Input' }, this.form),
        el('div', { class: 'side' },
          this.card = el('section', { class: 'card', 'aria-label': 'Answer' }, el('div', { class: 'head' }, el('h2', {}, 'Answer'), this.copy = el('span', {})), this.said, this.answer),
          el('section', { class: 'card', 'aria-label': 'This request as code' }, el('div', { class: 'head' }, el('h2', {}, 'As code'), calls, copying(() => this.lines.textContent)), this.lines)),
        this.signature(signature)),
    ];
  }

  choose(name) {
    const request = this.request;
    if (name === 'JSON') {
      if (!request.faults().length) request.json = request.text();
      this.view = name;
      this.area();
    } else {
      let why = '';
      if (request.json !== null) {
        try { if (!request.take(read(request.json))) why = `The form cannot show this body: ${request.why}. It is sent as it is.`; } catch (error) { why = error.message; }
      }
      if (why) { this.complain(why); return false; }
      request.json = null;
      this.at = Math.min(this.at, request.rows.length - 1);
      this.view = name;
      this.draw();
    }
    this.clear();
    this.tell();
    return true;
  }

  area() {
    const text = this.request.json ?? this.request.text();
    const area = el('textarea', { class: 'code', rows: 14, spellcheck: 'false', 'aria-label': 'The body of the request as JSON', id: 'json' });
    area.value = text;
    area.addEventListener('input', () => { this.request.json = area.value; this.tell(); });
    this.boxes.clear();
    this.panel.replaceChildren(area);
  }

  draw() {
    const { fields, rows, params, isWhole } = this.request;
    this.boxes.clear();
    const parts = [];
    if (!isWhole) parts.push(this.pager(rows.length));
    const grid = el('div', { class: 'fields' });
    fields.slice(0, this.limit).forEach((field, index) => grid.append(this.box(`f${index}`, field, rows[this.at][index], value => { rows[this.at][index] = value; })));
    parts.push(grid);
    if (fields.length > this.limit) {
      parts.push(el('p', {}, el('button', { type: 'button', click: () => { const next = this.limit; this.limit += MOST_FIELDS; this.draw(); $(`f${next}`).focus(); } },
        `Show ${Math.min(MOST_FIELDS, fields.length - this.limit)} more of ${fields.length} fields`), el('span', { class: 'note' }, ' The others are sent as they are in the example.')));
    }
    if (params.length) {
      parts.push(el('h3', {}, 'Parameters'));
      const more = el('div', { class: 'fields' });
      params.forEach((spec, index) => {
        const type = spec.get('type'), isList = !isBlank(spec.get('shape'));
        const simple = !isList && (WHOLE.has(type) || REAL.has(type) || ['boolean', 'string', 'datetime', 'binary'].includes(type));
        const field = { label: spec.get('name'), type: (isList ? 'list of ' : '') + typeName(spec), kind: simple ? type : 'json', param: true, fallback: spec.get('default') };
        more.append(this.box(`p${index}`, field, this.request.given.get(spec.get('name')), value => {
          if (value === undefined) this.request.given.delete(spec.get('name')); else this.request.given.set(spec.get('name'), value);
        }));
      });
      parts.push(more);
    }
    this.panel.replaceChildren(...parts);
    this.mark();
  }

  pager(count) {
    const go = (to, last) => { this.at = to; this.draw(); const tab = this.panel.querySelectorAll('.tabs button')[last ? this.request.rows.length - 1 : to]; if (tab) tab.focus(); };
    const wrong = new Set(this.faults.map(fault => fault.row));
    const list = el('div', { class: 'tabs', role: 'group', 'aria-label': 'Rows' });
    for (let n = 0; n < count; n++) list.append(el('button', { type: 'button', 'aria-current': n === this.at ? 'true' : null, class: wrong.has(n) ? 'wrong' : null, click: () => go(n) }, `Row ${n}`));
    return el('div', { class: 'rows' }, count > 1 ? list : null,
      el('button', { type: 'button', class: 'small', click: () => { this.request.rows.push([...this.request.rows[this.at]]); this.faults = []; go(count, true); this.tell(); } }, 'Add row'),
      count > 1 ? el('button', { type: 'button', class: 'small', click: () => { this.request.rows.splice(this.at, 1); this.faults = []; go(Math.max(0, this.at - 1)); this.tell(); } }, 'Remove row') : null);
  }

  box(id, field, value, set) {
    const wide = field.kind === 'json' || (typeof value === 'string' && (value.length > 60 || value.includes('\n')));
    const hint = field.param ? `default ${isBlank(field.fallback) ? 'none' : shown(field.fallback)}` : field.optional ? 'may be left out' : { datetime: '2024-01-31T12:00:00Z', binary: 'base64' }[field.kind];
    const change = now => { set(now); this.tell(); };
    let input, extra = null;
    if (field.kind === 'boolean') {
      input = el('select', { id }, ...[...(field.optional || field.param || isBlank(value) ? ['']: []), 'true', 'false'].map(one => el('option', { value: one }, one || (hint || 'not given'))));
      input.value = shown(value);
      if (!['', 'true', 'false'].includes(shown(value))) { input.append(el('option', { value: shown(value) }, shown(value))); input.value = shown(value); }
    } else {
      input = wide ? el('textarea', { id, rows: field.kind === 'json' ? 4 : 2, class: field.kind === 'json' ? 'code' : null })
        : el('input', { id, type: 'text', inputmode: WHOLE.has(field.kind) ? 'numeric' : REAL.has(field.kind) ? 'decimal' : null });
      if (hint) input.placeholder = hint;
      input.value = shown(value);
      input.spellcheck = false;
    }
    const read = () => field.param && input.value === '' ? undefined : valueOf(field.kind, input.value);
    input.addEventListener('input', () => change(read()));
    if (field.kind === 'string' && !field.param) {
      const none = el('input', { type: 'checkbox', id: `${id}n` });
      none.checked = isBlank(value);
      input.disabled = none.checked;
      none.addEventListener('input', () => { input.disabled = none.checked; change(none.checked ? null : input.value); });
      extra = el('label', { class: 'null', for: `${id}n` }, none, 'missing');
    }
    const made = el('div', { class: wide ? 'field wide' : 'field' },
      el('div', {}, el('label', { for: id }, field.label), extra, el('span', { class: 'tag' }, field.type)), input, el('p', { class: 'wrong', id: `${id}e`, hidden: true }));
    this.boxes.set(id, input);
    return made;
  }

  // -- asking --

  async score() {
    this.clear();
    const bad = this.view === 'Form' ? this.request.faults() : [];
    if (bad.length) { this.faults = bad.map(one => ({ row: one.row, id: one.param === undefined ? `f${one.index}` : `p${this.request.params.findIndex(spec => spec.get('name') === one.param)}`, text: one.why })); this.reveal(); return; }
    this.button.disabled = true;
    this.said.textContent = 'Asking …';
    const began = performance.now();
    try {
      const answer = await ask(this.path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: this.view === 'Form' ? compact(this.request.body()) : this.request.json });
      const text = await answer.text(), took = performance.now() - began;
      const body = read(text);
      if (answer.ok) this.answered(body, text, took, answer.headers.get('MLmodel-Warning'));
      else this.refused(body);
    } catch (error) {
      this.said.textContent = '';
      this.complain(`The server did not answer as expected: ${error.message}`);
    } finally {
      this.button.disabled = false;
      if (document.activeElement === document.body) this.button.focus();
    }
  }

  answered(body, text, took, warning) {
    const predictions = body instanceof Map && body.has('predictions') ? body.get('predictions') : body;
    this.said.replaceChildren(el('span', { class: 'ok' }, 'Answered'), ` in ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`);
    this.copy.replaceChildren(copying(() => text));
    this.answer.replaceChildren(...(warning ? [el('p', { class: 'note' }, warning)] : []), ...results(predictions, this.model.get('signature').get('outputs')));
    const { top, bottom } = this.card.getBoundingClientRect();
    if (top > innerHeight - 80 || bottom < 80) this.card.scrollIntoView({ block: 'start' });
  }

  refused(body) {
    this.said.textContent = 'Refused';
    const details = body.get('details') || [], loose = [];
    for (const detail of details) {
      const got = detail.get('got'), expected = detail.get('expected'), rule = detail.get('rule');
      const text = `${expected ? `Expected ${expected}` : 'Not as declared'}${got ? `, got ${got}` : ''} (${rule})`;
      const column = detail.get('column');
      const index = this.view !== 'Form' || column === undefined ? -1 : this.request.find(column);
      const param = index < 0 && column !== undefined ? this.request.params.findIndex(spec => spec.get('name') === String(column)) : -1;
      if (this.view === 'Form' && (index >= 0 || param >= 0)) this.faults.push({ row: param >= 0 ? undefined : Number(detail.get('row') ?? this.at), id: param >= 0 ? `p${param}` : `f${index}`, text });
      else loose.push(`${column === undefined ? '' : `${column}${detail.get('row') === undefined ? '' : `, row ${detail.get('row')}`}: `}${text}`);
    }
    this.complain(this.faults.length ? `${this.faults.length} field${this.faults.length > 1 ? 's are' : ' is'} not right.` : body.get('message'), this.faults.length || details.length > 1 ? loose : []);
    this.answer.replaceChildren(el('details', {}, el('summary', {}, `${body.get('error_code')}: what the server said`), el('pre', {}, write(body))));
    this.copy.replaceChildren();
    if (this.faults.length) this.reveal(); else this.wrongs.scrollIntoView({ block: 'nearest' });
  }

  reveal() {
    const first = this.faults.find(fault => fault.row === undefined || fault.row === this.at) || this.faults[0];
    if (first.row !== undefined && first.row < this.request.rows.length) this.at = first.row;
    while (first.id[0] === 'f' && Number(first.id.slice(1)) >= this.limit) this.limit += MOST_FIELDS;
    this.draw();
    this.boxes.get(first.id)?.focus();
  }

  mark() {
    for (const fault of this.faults) {
      const box = this.boxes.get(fault.id), said = $(`${fault.id}e`) || this.panel.querySelector(`[id="${fault.id}e"]`);
      if (!box || !said || (fault.row !== undefined && fault.row !== this.at)) continue;
      box.setAttribute('aria-invalid', 'true');
      box.setAttribute('aria-describedby', said.id);
      said.textContent = fault.text;
      said.hidden = false;
    }
  }

  complain(text, more = []) {
    this.wrongs.replaceChildren(el('div', { class: 'wrongs' }, el('b', {}, text), more.length ? el('ul', {}, ...more.map(one => el('li', {}, one))) : null));
  }

  clear() {
    this.faults = [];
    this.wrongs.replaceChildren();
    for (const [id, box] of this.boxes) { box.removeAttribute('aria-invalid'); box.removeAttribute('aria-describedby'); const said = $(`${id}e`); if (said) said.hidden = true; }
  }

  tell() {
    if (!this.lines || !this.language) return;
    const text = this.request.json ?? null;
    if (text === null ? this.request.fields.length * this.request.rows.length > MOST_CELLS : text.length > 16 * MOST_CELLS) {
      this.lines.textContent = 'This request is too long to be shown as code. Copy its JSON into a file, and send that: curl -d @body.json';
      return;
    }
    let body = null;
    try { body = text === null ? this.request.body() : read(text); } catch { body = null; }
    if (this.request.faults().length) body = null;
    const url = new URL(root + this.path, location.href).href;
    this.lines.textContent = body === null ? 'There is something else than JSON in the input.' : LINES[this.language](url, body, this);
  }

  signature(signature) {
    const table = (title, specs) => specs && specs.length ? [el('h3', {}, title), el('div', { class: 'table', tabindex: 0 }, el('table', {},
      el('thead', {}, el('tr', {}, ...['Name', 'Type', title === 'Parameters' ? 'Default' : ''].map(one => el('th', { scope: 'col' }, one)))),
      el('tbody', {}, ...specs.slice(0, 1000).map((spec, n) => el('tr', {}, el('td', {}, isBlank(spec.get('name')) ? `${n}` : String(spec.get('name'))), el('td', { class: 'tag' }, typeName(spec)),
        el('td', { class: 'note' }, title === 'Parameters' ? (isBlank(spec.get('default')) ? 'none' : shown(spec.get('default'))) : spec.get('required') === false ? 'optional' : ''))))))] : [];
    const parts = [...table('Inputs', signature.get('inputs')), ...table('Outputs', signature.get('outputs')), ...table('Parameters', signature.get('params'))];
    return el('section', { class: 'card' }, el('details', {}, el('summary', {}, el('b', {}, 'Signature')), ...(parts.length ? parts : [el('p', { class: 'note' }, 'The model declares none: what is sent reaches it as it is.')])));
  }
}

// -- the same request elsewhere -------------------------------------------------------------------

const shell = text => `'${text.replaceAll("'", "'\\''")}'`;
const LINES = {
  curl: (url, body) => `curl ${shell(url)} \\\n  -H 'Content-Type: application/json' \\\n${token === null ? '' : "  -H \"Authorization: Bearer $TOKEN\" \\\n"}  -d ${shell(write(body))}`,
  Python: python,
  gRPC: (_url, body, page) => page.request.json !== null ? 'Go to the form to see the line for gRPC.' : grpc(page),
};

// Lines for our own client, where the form says what is sent; else for any client of HTTP.
function python(url, body, page) {
  const data = page.request.json === null ? dataOf(page.request, body) : null;
  if (data === null) return `import requests\n\nanswer = requests.post(\n    ${JSON.stringify(url)},\n${token === null ? '' : '    headers={"Authorization": f"Bearer {token}"},\n'}    json=${write(body, PYTHON, '    ')},\n)\nanswer.raise_for_status()\nprint(answer.json()["predictions"])`;
  const options = `    model=${JSON.stringify(page.model.get('name'))},\n${token === null ? '' : '    token=token,\n'}`;
  const params = body.has('params') ? `    params=${write(body.get('params'), PYTHON, '    ')},\n` : '';
  const numpy = page.request.isTensor ? 'import numpy as np\n' : '';
  const server = JSON.stringify(new URL(root, location.href).href);
  return `${numpy}from mlmodel.client import Client\n\nclient = Client(\n    ${server},\n${options})\nprint(client.predict(\n    ${data},\n${params}))`;
}

// The data as the client takes them: rows by name, or arrays; null where they have no such form.
function dataOf(request, body) {
  if (!request.isTensor) {
    const { names, rows, hasNames } = request;
    // The client takes bytes as bytes, and not as the base64 that JSON has.
    const hasBytes = write(request.specs).includes('"binary"');
    if (!hasNames || hasBytes || new Set(names).size < names.length) return null;
    return write(rows.map(row => new Map(names.map((name, n) => [name, row[n]]))), PYTHON, '    ');
  }
  const types = request.specs.map(spec => spec.get('tensor-spec').get('dtype'));
  if (types.some(type => datatype(type) === 'BYTES')) return null;
  const array = (value, n) => `np.array(${write(value, PYTHON, '    ')}, dtype=${JSON.stringify(types[n])})`;
  const given = body.get('inputs');
  if (!request.hasNames) return array(given, 0);
  return `{\n${request.names.map((name, n) => `        ${JSON.stringify(name)}: ${array(given.get(name), n)},\n`).join('')}    }`;
}

const CONTENTS = { BOOL: 'bool', INT8: 'int', INT16: 'int', INT32: 'int', INT64: 'int64', UINT8: 'uint', UINT16: 'uint', UINT32: 'uint', UINT64: 'uint64', FP32: 'fp32', FP64: 'fp64', BYTES: 'bytes' };
const COLUMNS = { boolean: 'BOOL', integer: 'INT32', long: 'INT64', float: 'FP32', double: 'FP64' };

function grpc(page) {
  const { request, model } = page;
  const inputs = request.specs.map((spec, group) => {
    const tensor = spec.get('tensor-spec'), cells = request.fields.flatMap((field, index) => field.group === group ? [index] : []);
    const value = request.rows.map(row => cells.map(index => row[index])).flat();
    const type = tensor ? datatype(tensor.get('dtype')) : COLUMNS[spec.get('type')] || 'BYTES';
    const first = request.fields[cells[0]], width = tensor && first.place !== undefined ? cells.length : 0;
    const elements = tensor && first.kind === 'json' ? value.flat(9) : value;
    const shape = first.whole || (tensor && first.kind === 'json') ? sizes(first.whole ? value[0] : value) : width ? [request.rows.length, width] : [request.rows.length];
    const isText = type === 'BYTES', isJson = !tensor && first.kind === 'json';
    const said = elements.map(one => isText ? (spec.get('type') === 'binary' ? one ?? '' : base64(isJson ? compact(one) : shown(one))) : one === null ? 'NaN' : type.endsWith('INT64') ? String(one) : one);
    const missing = isText && !isJson && elements.some(isBlank);
    return { made: new Map([['name', isBlank(spec.get('name')) ? `input-${group}` : String(spec.get('name'))], ['datatype', type], ['shape', shape.map(n => new Num(String(n)))], ['contents', new Map([[`${CONTENTS[type]}_contents`, said]])]]), ok: type in CONTENTS && !missing };
  });
  if (inputs.some(one => !one.ok)) return 'A missing text, or a tensor of half precision, has no form in a line of grpcurl.';
  const body = new Map([['model_name', model.get('name')], ['inputs', inputs.map(one => one.made)]]);
  const port = model.get('grpc_port');
  const at = `${location.hostname}:${port ? port : 'PORT'}`;
  return `${port ? '' : '# The server speaks gRPC if it is started with --grpc-port PORT.\n'}grpcurl -plaintext -d ${shell(write(body))} \\\n  ${at} inference.GRPCInferenceService/ModelInfer`;
}

function datatype(dtype) {
  const found = /^(u?int|float)(\d+)$/.exec(dtype);
  if (found) return (found[1] === 'float' ? 'FP' : found[1].toUpperCase()) + found[2];
  return dtype.startsWith('bool') ? 'BOOL' : 'BYTES';
}
const sizes = value => Array.isArray(value) ? [value.length, ...sizes(value[0])] : [];
const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// -- answers --------------------------------------------------------------------------------------

// Predictions as a table: names of columns, and rows of cells; null where they are not one.
function tabled(predictions, outputs) {
  const plain = one => !Array.isArray(one) && !(one instanceof Map);
  const names = width => outputs && outputs.length === width && outputs.every(spec => !isBlank(spec.get('name'))) ? outputs.map(spec => String(spec.get('name'))) : Array.from({ length: width }, (_, n) => width === 1 ? 'prediction' : String(n));
  if (predictions instanceof Map) {
    const lists = [...predictions.values()];
    if (!lists.length || !lists.every(one => Array.isArray(one) && one.length === lists[0].length)) return null;
    return { names: [...predictions.keys()], rows: lists[0].map((_, n) => lists.map(list => list[n])) };
  }
  if (!Array.isArray(predictions) || !predictions.length) return null;
  if (predictions.every(plain)) return { names: names(1), rows: predictions.map(one => [one]) };
  if (predictions.every(one => one instanceof Map)) {
    const keys = [...new Set(predictions.flatMap(one => [...one.keys()]))];
    return { names: keys, rows: predictions.map(one => keys.map(key => one.has(key) ? one.get(key) : null)) };
  }
  const width = predictions[0].length;
  if (predictions.every(one => Array.isArray(one) && one.length === width)) return { names: names(width), rows: predictions };
  return null;
}

function results(predictions, outputs) {
  const table = tabled(predictions, outputs);
  if (table === null || !table.names.length || table.names.length > MOST_SHOWN) return [el('pre', { tabindex: 0, 'aria-label': 'The answer as JSON' }, write(predictions))];
  const { names, rows } = table;
  const numeric = names.map((_, n) => rows.every(row => row[n] === null || row[n] instanceof Num) && rows.some(row => row[n] instanceof Num));
  if (rows.length === 1 && names.length === 1) return [el('p', { class: 'note' }, names[0]), el('p', { class: 'big' }, isBlank(rows[0][0]) ? 'null' : shown(rows[0][0]))];
  const cut = rows.slice(0, MOST_SHOWN);
  const made = el('div', { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Predictions' }, el('table', {},
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Row'), ...names.map((name, n) => el('th', { scope: 'col', class: numeric[n] ? 'n' : null }, name)))),
    el('tbody', {}, ...cut.map((row, at) => el('tr', {}, el('th', { scope: 'row' }, String(at)), ...row.map((one, n) => el('td', { class: numeric[n] ? 'n' : null }, isBlank(one) ? 'null' : shown(one))))))));
  const more = rows.length > cut.length ? [el('p', { class: 'note' }, `The first ${MOST_SHOWN} of ${rows.length} rows.`)] : [];
  return [made, ...more, ...plot(names, rows, numeric)];
}

const short = value => Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : String(Number(value.toPrecision(4)));
const clipped = (text, most = 18) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

function plot(names, rows, numeric) {
  const at = names.flatMap((_, n) => numeric[n] ? [n] : []);
  if (!at.length || at.length > MOST_BARS) return [];
  const number = one => one instanceof Num ? Number(one.text) : NaN;
  if (rows.length === 1) return bars(at.map(n => [names[n], number(rows[0][n])]), 'The values of the row');
  if (at.length === 1 && rows.length <= MOST_BARS) return bars(rows.map((row, n) => [`row ${n}`, number(row[at[0]])]), `${names[at[0]]} by row`);
  return at.length > MOST_SERIES ? [] : lines(at.map(n => [names[n], rows.map(row => number(row[n]))]));
}

function bars(pairs, title) {
  const finite = pairs.filter(pair => Number.isFinite(pair[1]));
  if (finite.length < 2) return [];
  const low = Math.min(0, ...finite.map(pair => pair[1])), high = Math.max(0, ...finite.map(pair => pair[1]));
  if (low === high) return [];
  const left = 120, width = 250, step = 22, x = value => left + (value - low) / (high - low) * width;
  return [el('svg', { viewBox: `0 0 440 ${pairs.length * step + 4}`, role: 'img', 'aria-label': title },
    ...pairs.flatMap(([name, value], n) => [
      el('text', { x: left - 8, y: n * step + 15, 'text-anchor': 'end' }, clipped(name)),
      Number.isFinite(value) ? el('rect', { class: 'bar0', x: x(Math.min(0, value)), y: n * step + 4, width: Math.max(1, Math.abs(x(value) - x(0))), height: step - 8, rx: 3 }) : null,
      el('text', { class: 'v', x: x(Math.max(0, value || 0)) + 6, y: n * step + 15 }, Number.isFinite(value) ? short(value) : 'null')]),
    el('line', { class: 'axis', x1: x(0), x2: x(0), y1: 0, y2: pairs.length * step + 4 }))];
}

function lines(series) {
  const all = series.flatMap(one => one[1]).filter(Number.isFinite);
  const low = Math.min(...all), high = Math.max(...all), count = series[0][1].length;
  if (all.length < 2 || low === high) return [];
  const step = 370 / series.length, x = n => 60 + n / (count - 1) * 370, y = value => 150 - (value - low) / (high - low) * 138;
  const path = values => { let pen = 'M'; return values.map((value, n) => { if (!Number.isFinite(value)) { pen = 'M'; return ''; } const part = `${pen}${x(n).toFixed(1)} ${y(value).toFixed(1)}`; pen = 'L'; return part; }).join(''); };
  return [el('svg', { viewBox: `0 0 440 ${series.length > 1 ? 198 : 176}`, role: 'img', 'aria-label': `${series.map(one => one[0]).join(', ')} by row` },
    ...[low, (low + high) / 2, high].flatMap(value => [el('line', { class: 'axis', x1: 60, x2: 430, y1: y(value), y2: y(value) }), el('text', { x: 52, y: y(value) + 4, 'text-anchor': 'end' }, short(value))]),
    ...series.map((one, n) => el('path', { class: `s${n}`, d: path(one[1]) })),
    el('text', { x: 60, y: 170 }, 'row 0'), el('text', { x: 430, y: 170, 'text-anchor': 'end' }, `row ${count - 1}`),
    ...(series.length > 1 ? series.flatMap((one, n) => [
      el('line', { class: `s${n}`, x1: 60 + n * step, x2: 72 + n * step, y1: 188, y2: 188, 'stroke-width': 3 }),
      el('text', { x: 76 + n * step, y: 192 }, clipped(one[0], Math.floor((step - 20) / 7)))]) : []))];
}

// -- the start ------------------------------------------------------------------------------------

async function start() {
  const server = await json('');
  $('version').textContent = `version ${server.get('version')}`;
  const models = server.get('models'), single = models.length === 1;
  if (kind === 'model') await open(decodeURIComponent(location.pathname.replace(/\/$/, '').split('/').pop()), single);
  else if (single) await open(models[0].get('name'), single);
  else list(models);
}

function list(models) {
  // A link has no token with it: with one the page of a model is made here.
  const follow = name => event => { if (token !== null) { event.preventDefault(); open(name, false).catch(oops); } };
  document.title = `${models.length} models – mlmodel`;
  $('main').replaceChildren(el('h1', {}, `${models.length} models`), el('p', { class: 'facts' }, 'Each has its page.'),
    el('ul', { class: 'models' }, ...models.map(one => el('li', {}, el('a', { class: 'card', href: `${root}models/${encodeURIComponent(one.get('name'))}`, click: follow(one.get('name')) },
      el('b', {}, one.get('name')), el('span', { class: 'note' }, one.get('ready') ? one.get('flavors').join(', ') || 'no flavor named' : 'not ready'))))));
}

async function open(name, single) {
  const model = await json(`models/${encodeURIComponent(name)}`);
  document.title = `${name} – mlmodel`;
  if (!model.get('ready')) { $('main').replaceChildren(el('h1', {}, name), el('p', { class: 'facts' }, 'This model is not ready.')); return; }
  const page = new Page(model, new Asked(model), single);
  $('main').replaceChildren(...page.show());
  page.tell();
}
start().catch(error => { $('main').replaceChildren(); oops(error); });
