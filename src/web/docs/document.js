// The OpenAPI document as the page reads it: references followed, calls by room, values for examples.

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const LINE_MAX = 72;
const PROBLEM = 'application/problem+json';

export class ApiDocument {
  constructor(json) {
    this.json = json;
    this.calls = Object.entries(json.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => this.#call(method, path, item[method])));
  }

  /** What people read of every call, as Markdown. */
  get conventions() {
    return this.json.info.description;
  }

  /** The rooms with their calls, in the order of the document. */
  rooms() {
    return this.json.tags.map(({ name, description, 'x-displayName': title }) => ({
      id: `room-${name.toLowerCase().replace(/\W+/g, '-')}`, title, description, calls: this.calls.filter((call) => call.room === name),
    }));
  }

  /** What a reference leads to, with the name of its component; anything else as it is. */
  follow(value) {
    let name;
    while (value?.$ref) {
      const way = value.$ref.slice(2).split('/');
      name = way[way.length - 1];
      value = way.reduce((at, step) => at[step], this.json);
    }
    return { value, name };
  }

  /** The description of a credential. */
  credential(scheme) {
    return this.json.components.securitySchemes[scheme].description;
  }

  #call(method, path, told) {
    const answers = Object.entries(told.responses).map(([status, answer]) => this.#answer(status, answer));
    const content = told.requestBody?.content['application/json'];
    return {
      id: told.operationId,
      method: method.toUpperCase(),
      path,
      room: told.tags[0],
      summary: told.summary,
      description: told.description,
      roles: told['x-roles'],
      schemes: told.security.flatMap((one) => Object.keys(one)),
      parameters: (told.parameters ?? []).map((one) => this.follow(one).value),
      body: content && { schema: content.schema, required: told.requestBody.required === true, examples: examplesOf(content) },
      answers: answers.filter(({ isRefusal }) => !isRefusal),
      refusals: answers.flatMap(({ refusals }) => refusals),
      callbacks: Object.values(told.callbacks ?? {}).flatMap((places) => Object.entries(places)).flatMap(([url, item]) =>
        METHODS.filter((of) => item[of]).map((of) => this.#call(of, url, item[of]))),
    };
  }

  #answer(status, told) {
    const { value: answer, name } = this.follow(told);
    const problem = answer.content?.[PROBLEM];
    const content = Object.entries(answer.content ?? {}).filter(([type]) => type !== PROBLEM);
    return {
      status,
      isRefusal: problem !== undefined,
      description: answer.description,
      headers: Object.entries(answer.headers ?? {}).map(([name, header]) => ({ name, ...this.follow(header).value })),
      content: content.map(([type, { schema, ...rest }]) => ({ type, schema, examples: examplesOf(rest) })),
      // One that stands in many calls is a component.
      refusals: problem ? this.#refusals(problem.schema, name !== undefined) : [],
    };
  }

  #refusals(schema, isCommon) {
    const { value } = this.follow(schema);
    const all = (value.oneOf ?? [schema]).map((one) => this.follow(one).value);
    return all.map((one) => ({
      code: one.properties.code.const,
      status: one.properties.status.const,
      title: one.examples[0].title,
      description: one.description,
      members: one.required ? { type: 'object', required: one.required, properties: withoutForm(one.properties) } : null,
      isCommon,
    }));
  }
}

function withoutForm({ status, code, ...members }) {
  return members;
}

/** The examples of a content by their names; one alone has the name ''. */
function examplesOf({ example, examples }) {
  if (examples) return Object.entries(examples).map(([name, { value }]) => [name, value]);
  return example === undefined ? [] : [['', example]];
}

/** JSON as people write it: what is short stands on one line. */
export function pretty(value, indent = '') {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const parts = (step) => (isList ? value.map((one) => step(one)) : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${step(one)}`));
  const [first, last] = isList ? '[]' : '{}';
  const line = `${first}${parts((one) => pretty(one)).join(', ')}${last}`;
  if (line.length + indent.length <= LINE_MAX && !line.includes('\n')) return line;
  const deeper = `${indent}  `;
  return `${first}\n${parts((one) => pretty(one, deeper)).map((part) => deeper + part).join(',\n')}\n${indent}${last}`;
}

/** A value that a parameter may have: given as an example, or the least that is taken. */
export function exampleOf(document, { example, schema }) {
  const { value } = document.follow(schema);
  const first = example ?? value.examples?.[0] ?? value.default ?? value.enum?.[0] ?? value.minimum;
  return first === undefined ? '' : String(first);
}
