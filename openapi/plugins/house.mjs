// House rules of the contract that Redocly's configurable rules cannot express; redocly.yaml switches them on.
// Each message says what to do, because it is read by somebody who did not write the rule.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const FIXED_LENGTH_FORMATS = new Set(['uuid', 'date', 'date-time']);
const FOLDERS = ['paths', 'schemas', 'parameters', 'headers', 'responses', 'examples'];
const COMBINATIONS = ['oneOf', 'anyOf', 'allOf'];
// What these mean differs between the engines that read the contract: Python's and Rust's take other scripts' digits
// and letters, and Rust's has neither look-around nor references, so that one of them slows the whole model down.
const BARRED_IN_PATTERNS = [
  [/\(\?<?[=!]/, 'look-around', 'say it with character classes, or leave the check to the service and describe it'],
  [/\\[dD]/, '`\\d`', 'write [0-9]'],
  [/\\[wW]/, '`\\w`', 'write [A-Za-z0-9_]'],
  [/\\[sSbB]/, '`\\s` or `\\b`', 'name the characters'],
  [/\\[1-9]|\\k</, 'a back reference', 'leave the check to the service and describe it'],
];

const typesOf = (schema) => [schema.type ?? []].flat().filter((type) => type !== 'null');
const isNull = (schema) => schema.type === 'null';
const isReference = (node) => typeof node?.$ref === 'string';

/** Every string, array and number says how large it may be; what it does not say, the database would. */
function bounded() {
  return {
    Schema(schema, { report, location }) {
      if (typeof schema !== 'object' || 'enum' in schema || 'const' in schema) return;
      const demand = (type, keywords, remedy) => {
        const missing = keywords.filter((keyword) => !(keyword in schema));
        if (missing.length) report({ message: `This ${type} has no ${missing.join(' and no ')}: ${remedy}.`, location });
      };
      const types = typesOf(schema);
      if (types.includes('string') && !FIXED_LENGTH_FORMATS.has(schema.format)) {
        demand('string', ['maxLength'], 'add it, or an enum, a const or a format of fixed length (uuid, date, date-time)');
      }
      if (types.includes('array')) demand('array', ['maxItems', 'items'], 'add it');
      if (types.includes('integer') || types.includes('number')) {
        demand(types[0], ['minimum', 'maximum'], 'add it; int4 ends at 2147483647, exact JSON integers at 9007199254740991');
      }
      if (types.includes('integer') && 'format' in schema && 'maximum' in schema) {
        const format = schema.minimum >= -2147483648 && schema.maximum <= 2147483647 ? 'int32' : 'int64';
        const message = `From its bounds, this integer is an ${format}: say so in \`format\`, clients choose their type by it.`;
        if (schema.format !== format) report({ message, location: location.child('format') });
      }
      if (schema.type === undefined && !COMBINATIONS.some((keyword) => keyword in schema)) {
        report({ message: 'This schema lets everything through: give it a type, an enum or a const.', location });
      }
    },
  };
}

/** What we accept is closed: an unknown member is a slip of the sender's, and silence would hide it. */
function closedRequests() {
  const seen = new Set();
  return {
    RequestBody(body, { report, resolve, location }) {
      const visit = (node, from, place) => {
        if (node === null || typeof node !== 'object') return;
        const target = isReference(node) ? resolve(node, from) : { node, location: place };
        const key = target.location?.absolutePointer;
        if (target.node === undefined || seen.has(key)) return;
        seen.add(key);
        const { node: schema, location: here } = target;
        const file = here.source.absoluteRef;
        if (typesOf(schema).includes('object') && schema.additionalProperties !== false) {
          report({
            message: 'Objects we accept are closed: add `additionalProperties: false`, in a schema of its own where answers share it.',
            location: here,
          });
        }
        for (const [name, member] of Object.entries(schema.properties ?? {})) visit(member, file, here.child(['properties', name]));
        for (const keyword of COMBINATIONS) {
          (schema[keyword] ?? []).forEach((branch, index) => visit(branch, file, here.child([keyword, index])));
        }
        if (schema.items) visit(schema.items, file, here.child('items'));
      };
      for (const [type, media] of Object.entries(body.content ?? {})) {
        visit(media.schema, location.source.absoluteRef, location.child(['content', type, 'schema']));
      }
    },
  };
}

/** A pattern means the same to every engine that reads the contract. */
function portablePatterns() {
  const check = (pattern, location, report) => {
    try {
      new RegExp(pattern, 'u');
    } catch (error) {
      report({ message: `This pattern does not compile (${error.message}): mend it.`, location });
      return;
    }
    // An escaped backslash escapes nothing after it.
    const text = pattern.replaceAll('\\\\', '');
    for (const [barred, name, remedy] of BARRED_IN_PATTERNS) {
      if (barred.test(text)) report({ message: `No ${name} in a pattern: ${remedy}.`, location });
    }
    if (!/^\^.*\$$/s.test(pattern)) {
      report({ message: 'A pattern that is not anchored matches anywhere inside: begin it with ^ and end it with $.', location });
    }
  };
  return {
    Schema(schema, { report, location }) {
      if (typeof schema.pattern === 'string') check(schema.pattern, location.child('pattern'), report);
      for (const name of Object.keys(schema.patternProperties ?? {})) {
        check(name, location.child(['patternProperties', name]).key(), report);
      }
    },
  };
}

/** No schema without a file, where the generator would have to make a name up. */
function namedSchemas() {
  const demand = (node, what, location, report) => {
    if (node !== undefined && !isReference(node)) {
      report({ message: `The schema of ${what} needs a name: put it into a file under schemas/ and refer to it.`, location });
    }
  };
  return {
    Parameter: (parameter, { report, location }) => demand(parameter.schema, 'a parameter', location.child('schema'), report),
    Header: (header, { report, location }) => demand(header.schema, 'a header', location.child('schema'), report),
    MediaType: (media, { report, location }) => demand(media.schema, 'a body', location.child('schema'), report),
    Schema(schema, { report, location }) {
      const isFile = location.pointer === '#/';
      if ('enum' in schema && !isFile) demand(schema, 'an enum', location, report);
      for (const keyword of COMBINATIONS) {
        (schema[keyword] ?? []).forEach((branch, index) => {
          if (!isNull(branch)) demand(branch, `a branch of ${keyword}`, location.child([keyword, index]), report);
        });
      }
      if (typesOf(schema).includes('array')) demand(schema.items, "an array's entry", location.child('items'), report);
      for (const [name, member] of Object.entries(schema.properties ?? {})) {
        const inline = !isReference(member) && typesOf(member).includes('object');
        if (inline) demand(member, 'an object inside an object', location.child(['properties', name]), report);
      }
    },
  };
}

/** The name of a schema file is the name of the component and of the Python class; a file that nothing uses misleads. */
function filesAreComponents() {
  const used = new Set();
  const classes = new Map();
  return {
    ref(node, { report, location }, resolved) {
      const file = resolved.location?.source.absoluteRef;
      if (file === undefined || file === location.source.absoluteRef) return;
      used.add(file);
      if (basename(dirname(file)) !== 'schemas') return;
      const name = basename(file, '.yaml');
      if (!/^[A-Z][A-Za-z0-9]*[A-Za-z]$/.test(name)) {
        report({ message: `schemas/${name}.yaml becomes a class: name it in PascalCase, without a digit at the end.`, location });
      }
      if (resolved.location.pointer !== '#/') {
        report({ message: 'Refer to a whole schema file; a part of one would get a made-up name. Give it a file of its own.', location });
      }
      const twin = classes.get(name.toLowerCase()) ?? file;
      classes.set(name.toLowerCase(), twin);
      if (twin !== file) report({ message: `Two schema files would make the class ${name}: rename one.`, location });
    },
    Root: {
      leave(_, { report, location }) {
        const root = dirname(location.source.absoluteRef);
        for (const folder of FOLDERS.filter((name) => existsSync(join(root, name)))) {
          for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
            const file = join(entry.parentPath ?? entry.path, entry.name);
            if (entry.isFile() && !used.has(file)) {
              report({ message: `Nothing refers to ${relative(root, file)}: use it or delete it.`, location: location.child('paths') });
            }
          }
        }
      },
    },
  };
}

/** The failures an operation can give follow from what it takes; each is listed by the operation itself. */
function ownFailures() {
  return {
    PathItem(item, { report, resolve, location }) {
      for (const method of ['get', 'put', 'post', 'delete', 'patch']) {
        const operation = item[method];
        if (operation === undefined) continue;
        const listed = operation.responses ?? {};
        const place = location.child([method, 'responses']);
        const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])]
          .map((entry) => resolve(entry, location.source.absoluteRef).node)
          .filter((parameter) => parameter !== undefined);
        const named = (name) => parameters.find((parameter) => parameter.in === 'header' && parameter.name === name);
        const demand = (reason, ...statuses) => {
          const missing = statuses.filter((status) => !(status in listed));
          if (missing.length) report({ message: `${reason}: list ${missing.join(', ')}.`, location: place.key() });
        };
        const demandHeader = (status, header) => {
          const response = listed[status] && resolve(listed[status], location.source.absoluteRef).node;
          if (response && !(header in (response.headers ?? {}))) {
            report({ message: `A conditional request needs it: declare the header ${header}.`, location: place.child(status) });
          }
        };
        demand('Anybody can ask too often', '429');
        const schemes = operation.security ?? [];
        if (schemes.some((scheme) => Object.keys(scheme).length)) demand('Credentials can be refused', '401');
        if (schemes.some((scheme) => Object.values(scheme).some((scopes) => scopes.length))) demand('A scope can be missing', '403');
        if (operation.requestBody) demand('A body can be unreadable, too large, of another type or wrong', '400', '413', '415', '422');
        if (parameters.length) demand('A parameter can be wrong', '422');
        if (parameters.some((parameter) => parameter.in === 'path')) demand('What the path names can be missing', '404');
        if (named('If-Match')) demand('A precondition can fail or be missing', '412', '428');
        if (named('If-None-Match')) {
          demand('The client can have the current version', '304');
          for (const status of ['200', '304']) demandHeader(status, 'ETag');
        }
        if (named('Idempotency-Key')) demand('The first request can still be running', '409');
        const lacks = (header, why) => {
          if (!named(header)) report({ message: `${why}: take the parameter ${header}.`, location: location.child(method).key() });
        };
        if (method === 'patch') lacks('If-Match', 'An edit must not overwrite a newer version unseen');
        if (method === 'post' && '201' in listed) lacks('Idempotency-Key', 'What creates must be safe to retry');
      }
    },
  };
}

/** A policy that an operation counts under is one that the root names, or else it would not be limited at all. */
function knownLimits() {
  let policies = {};
  return {
    Root(root) {
      policies = root['x-rate-limit-policies'] ?? {};
    },
    Operation(operation, { report, location }) {
      const name = operation['x-rate-limit'];
      if (name !== undefined && !(name in policies)) {
        const known = Object.keys(policies).join(', ') || 'none';
        const message = `No such policy: take one of \`x-rate-limit-policies\` in openapi/openapi.yaml (${known}), or declare it there.`;
        report({ message, location: location.child('x-rate-limit') });
      }
    },
  };
}

/** What one member may do to another's things is said: `false` where a thing is nobody's, or everybody's to use. */
function ownedThings() {
  return {
    PathItem(item, { report, resolve, location }) {
      for (const method of ['get', 'put', 'post', 'delete', 'patch']) {
        const operation = item[method];
        if (operation === undefined) continue;
        const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])]
          .map((entry) => resolve(entry, location.source.absoluteRef).node);
        const named = parameters.some((parameter) => parameter?.in === 'path');
        const schemes = (operation.security ?? []).filter((scheme) => Object.keys(scheme).length);
        const owned = operation['x-owned'];
        const place = location.child(method);
        if (owned === undefined && named && method !== 'get' && schemes.length) {
          report({ message: "Say what others get who do not own it: add `x-owned: {others: 403}` or 404, or `x-owned: false`.", location: place.key() });
        }
        if (owned && !(String(owned.others) in (operation.responses ?? {}))) {
          report({ message: 'What others get is an answer of the operation: list it.', location: place.child('x-owned') });
        }
      }
    },
  };
}

/** What goes away says since when it is deprecated and until when it stays; an operation also says it in every answer. */
function deprecations() {
  const dated = (node, { report, location }) => {
    const remedy = 'a date such as 2027-01-31';
    for (const name of ['x-deprecated-since', 'x-sunset']) {
      if (node.deprecated === true && !(name in node)) {
        report({ message: `What is deprecated says since when and until when: add ${name}, ${remedy}.`, location: location.key() });
      }
      if (node.deprecated !== true && name in node) {
        report({ message: `${name} dates a deprecation: add \`deprecated: true\` or delete it.`, location: location.child(name).key() });
      }
      if (name in node && !isDate(node[name])) {
        report({ message: `${name} is no date of the calendar: write ${remedy}.`, location: location.child(name) });
      }
    }
    if (isDate(node['x-deprecated-since']) && isDate(node['x-sunset']) && node['x-sunset'] <= node['x-deprecated-since']) {
      report({ message: 'It ends before it is deprecated: move x-sunset behind x-deprecated-since.', location: location.child('x-sunset') });
    }
  };
  return {
    Operation(operation, context) {
      dated(operation, context);
      const { report, resolve, location } = context;
      if (operation.deprecated !== true) return;
      for (const [status, entry] of Object.entries(operation.responses ?? {})) {
        const { node: response } = resolve(entry, location.source.absoluteRef);
        const missing = ['Deprecation', 'Sunset'].filter((name) => !(name in (response?.headers ?? {})));
        if (missing.length) {
          const place = location.child(['responses', status]).key();
          report({ message: `Every answer of a deprecated operation says so: declare ${missing.join(', ')} from headers/.`, location: place });
        }
      }
    },
    Parameter: dated,
    Header: dated,
    Schema: (schema, context) => typeof schema === 'object' && dated(schema, context),
  };
}

/** Whether a value is a full-date of RFC 3339 that the calendar has. */
function isDate(value) {
  if (typeof value !== 'string' || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

/** A journey is read before it is run: each step says why it is there, and what must come of it. */
function toldJourneys() {
  const demand = (node, members, what, report, location) => {
    const missing = members.filter((member) => !node[member]);
    if (missing.length) report({ message: `This ${what} has no ${missing.join(' and no ')}: add it, a sentence for the reader.`, location });
  };
  return {
    Workflow: (workflow, { report, location }) => demand(workflow, ['summary', 'description'], 'journey', report, location),
    Step(step, { report, location }) {
      demand(step, ['description'], 'step', report, location);
      const conditions = (step.successCriteria ?? []).map((criterion) => criterion.condition ?? '');
      if (!conditions.some((condition) => /^\$statusCode == [1-5][0-9][0-9]$/.test(condition))) {
        report({ message: 'Any answer would do for this step: add the criterion `$statusCode ==` with the status it must have.', location });
      }
    },
  };
}

/** Examples are recorded, and every body that can be read has some; `make examples` writes the files. */
function trueExamples() {
  const operations = new Set();
  const strangers = [];
  const READABLE = /(json|x-www-form-urlencoded)$/;
  const remedy = 'tell it in scripts/examples/stories, run `make examples` and refer to the file';
  const check = (content, part, owner, location, report) => {
    for (const [type, media] of Object.entries(content ?? {})) {
      if (!READABLE.test(type)) continue;
      const place = location.child(['content', type]);
      const examples = Object.entries(media.examples ?? {});
      const what = owner ? `The ${part} of ${owner}` : 'This failure';
      if ('example' in media || examples.length === 0) {
        report({ message: `${what} has no recorded example: ${remedy}.`, location: place.key() });
      }
      for (const [name, example] of examples) {
        const file = `examples/${owner || '<operationId>'}.${name}.${part}.yaml`;
        const here = place.child(['examples', name]);
        const told = /\/examples\/(\w+)\.(\w+)\.(request|response)\.yaml$/.exec(example.$ref ?? '');
        const message = `${what} refers to no recorded example ${file}: ${remedy}.`;
        if (told?.[2] !== name || told[3] !== part) report({ message, location: here });
        else if (owner && told[1] !== owner) strangers.push([told[1], { message, location: here }]);
      }
    }
  };
  return {
    Operation(operation, { report, resolve, location }) {
      operations.add(operation.operationId);
      const body = resolve(operation.requestBody ?? {}, location.source.absoluteRef).node ?? {};
      check(body.content, 'request', operation.operationId, location.child('requestBody'), report);
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        // A failure is stated once, in a file of its own, and so is its example.
        if (isReference(response) || !status.startsWith('2')) continue;
        check(response.content, 'response', operation.operationId, location.child(['responses', status]), report);
      }
    },
    Response(response, { report, location }) {
      if (location.pointer === '#/') check(response.content, 'response', '', location, report);
    },
    Root: {
      leave(_, { report }) {
        // An operation that was renamed is complained about elsewhere; its examples are renamed by recording them.
        for (const [owner, problem] of strangers) if (operations.has(owner)) report(problem);
      },
    },
  };
}

export default function house() {
  return {
    id: 'house',
    rules: {
      oas3: {
        bounded,
        'closed-requests': closedRequests,
        'portable-patterns': portablePatterns,
        'named-schemas': namedSchemas,
        'files-are-components': filesAreComponents,
        'own-failures': ownFailures,
        'true-examples': trueExamples,
        deprecations,
        'owned-things': ownedThings,
        'known-limits': knownLimits,
      },
      arazzo1: {
        'told-journeys': toldJourneys,
      },
    },
  };
}
