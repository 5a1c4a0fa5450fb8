// spec/event.md, "Who it is about": whether a subject id is in its one canonical form (EVT-5, EVT-12). Nothing is brought into
// form here: a verifier takes the canonical spelling and refuses every other.

import { utf8 } from './bytes.js';

const BYTES_MAX = 255;

// What nobody sees, or sees as something else.
const HIDDEN = new RegExp(
  '[' +
    '\\u{0}-\\u{1f}\\u{7f}-\\u{a0}\\u{ad}\\u{300}-\\u{36f}\\u{61c}\\u{115f}\\u{1160}\\u{1680}\\u{17b4}\\u{17b5}\\u{180b}-\\u{180f}' +
    '\\u{1ab0}-\\u{1aff}\\u{1dc0}-\\u{1dff}\\u{2000}-\\u{200f}\\u{2028}-\\u{202f}\\u{205f}-\\u{206f}\\u{20d0}-\\u{20ff}\\u{2800}' +
    '\\u{3000}\\u{3164}\\u{fe00}-\\u{fe0f}\\u{fe20}-\\u{fe2f}\\u{feff}\\u{ff00}-\\u{ff5e}\\u{ffa0}\\u{fff0}-\\u{ffff}' +
    '\\u{e0000}-\\u{e0fff}]',
  'u',
);

export function hasHidden(text) {
  return HIDDEN.test(text);
}

// EVT-13
export function saysNothing(text) {
  return [...text].every((letter) => letter === ' ' || HIDDEN.test(letter));
}

// EVT-12
export function isOrganisation(text) {
  const [, id] = /^[a-z][a-z0-9.+-]*:(.+)$/s.exec(text) ?? [];
  return id !== undefined && !id.includes(' ') && !hasHidden(id);
}

function isVisible(text) {
  return text !== '' && !text.startsWith(' ') && !text.endsWith(' ') && !text.includes('  ') && !hasHidden(text);
}

// ---- OIDs and URIs ----

const CPR_OID = '1.2.208.176.1.2';
const CODE_SYSTEM_OIDS = [
  '2.16.840.1.113883.1.11',
  '2.16.840.1.113883.5',
  '2.16.840.1.113883.6',
  '2.16.840.1.113883.11',
  '2.16.840.1.113883.12',
  '2.16.840.1.113883.18',
  '1.2.840.10008',
];

function isOid(text) {
  return /^[012](\.(0|[1-9][0-9]*))+$/.test(text);
}

function isCodeSystemOid(oid) {
  return CODE_SYSTEM_OIDS.some((root) => oid.startsWith(root + '.'));
}

const CODE_SYSTEM_PARTS = ['/codesystem/', '/valueset/', '/structuredefinition/'];
const CODE_SYSTEM_PLACES = [
  'hl7.org/fhir',
  'terminology.hl7.org',
  'loinc.org',
  'snomed.info',
  'unitsofmeasure.org',
  'dicom.nema.org',
  'www.nlm.nih.gov/research/umls',
  'www.ama-assn.org',
  'nucc.org',
  'www.whocc.no',
  'id.who.int',
];
const NO_CODE_SYSTEMS = /^(terminology\.hl7\.org\/namingsystem\/|hl7\.org\/fhir\/sid\/(?!icd|cvx|mvx|ndc|dsm))/;

// Places stand directly behind the first ://, whatever the scheme, and whatever goes on behind them.
function isCodeSystem(uri) {
  const place = uri.includes('://') ? uri.slice(uri.indexOf('://') + 3).toLowerCase() : '';
  return (
    (!NO_CODE_SYSTEMS.test(place) && CODE_SYSTEM_PLACES.some((known) => place.startsWith(known))) ||
    CODE_SYSTEM_PARTS.some((part) => uri.toLowerCase().includes(part)) ||
    uri.startsWith('urn:ietf:bcp:') ||
    uri.startsWith('urn:iso:std:iso:')
  );
}

function escapesAreCanonical(uri) {
  return uri
    .split('%')
    .slice(1)
    .every((behind) => {
      const digits = behind.slice(0, 2);
      return /^[0-9A-F]{2}$/.test(digits) && !/[A-Za-z0-9._~-]/.test(String.fromCharCode(parseInt(digits, 16)));
    });
}

function isUrn(uri) {
  const [, namespace, name] = /^urn:([^:]+):(.+)$/.exec(uri) ?? [];
  return (
    namespace !== undefined &&
    namespace === namespace.toLowerCase() &&
    !/[?#]/.test(uri) &&
    (namespace !== 'uuid' || name === name.toLowerCase())
  );
}

// The port stands behind the last colon of host and port, unless a bracket (of an IPv6 address) follows.
function isWebAddress(uri, ownPort) {
  const [, authority, behind] = /^https?:\/\/([^/?#]*)([^]*)$/.exec(uri) ?? [];
  const [, host, port] = /^(.*?)(?::([^:\]]*))?$/.exec(authority ?? '') ?? [];
  return (
    /^[^@%]+$/.test(host) &&
    host === host.toLowerCase() &&
    !host.endsWith('.') &&
    (port === undefined || (/^[1-9][0-9]*$/.test(port) && port !== ownPort)) &&
    !/\?|\/\/|\/\.\.?\/|^#|[/.#]$/.test(behind)
  );
}

function isCanonicalUri(uri) {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):./.exec(uri) ?? [];
  if (scheme === undefined || /[^!-~]|["<>\\^`{|}]/.test(uri) || !escapesAreCanonical(uri)) {
    return false;
  }
  switch (scheme) {
    case 'urn':
      return isUrn(uri);
    case 'http':
      return isWebAddress(uri, '80');
    case 'https':
      return isWebAddress(uri, '443');
    default:
      return true;
  }
}

// What a number may be of, in its one spelling: an OID in digits, or an absolute URI, and no code system's.
export function isAuthority(text) {
  return isOid(text) ? !isCodeSystemOid(text) : isSystem(text);
}

// ---- national numbers ----

const DIGITS = /^[0-9]*$/;
const LETTERS = /^[A-Z0-9+-]*$/;

// What may stand between, how many, of what; and the systems.
const NATIONAL = [
  ['', 11, LETTERS, 'oid:1.2.246.21'],
  [' -.', 10, DIGITS, 'oid:1.2.40.0.10.1.4.3.1'],
  [
    ' -',
    12,
    DIGITS,
    'oid:1.2.752.129.2.1.3.1',
    'oid:1.2.752.129.2.1.3.3',
    'uri:http://electronichealth.se/identifier/personnummer',
    'uri:http://electronichealth.se/identifier/samordningsnummer',
  ],
  [' -', 11, DIGITS, 'oid:2.16.578.1.12.4.1.4.1', 'oid:2.16.578.1.12.4.1.4.2', 'oid:2.16.578.1.12.4.1.4.3'],
  [' -.', 18, DIGITS, 'oid:2.16.756.5.30.1.127.3.10.3'],
  [' -.', 13, DIGITS, 'oid:2.16.756.5.32'],
  [
    ' -',
    10,
    DIGITS,
    'oid:2.16.840.1.113883.2.1.4.1',
    'uri:https://fhir.nhs.uk/Id/nhs-number',
    'oid:2.16.840.1.113883.2.1.3.2.4.16.53',
  ],
  [' -', 7, LETTERS, 'oid:2.16.840.1.113883.2.18.2', 'uri:https://standards.digital.health.nz/ns/nhi-id'],
  [' -.', 9, DIGITS, 'oid:2.16.840.1.113883.2.4.6.3', 'uri:http://fhir.nl/fhir/NamingSystem/bsn'],
  [' ', 16, LETTERS, 'oid:2.16.840.1.113883.2.9.4.3.2'],
  [' -', 9, DIGITS, 'oid:2.16.840.1.113883.4.1', 'uri:http://hl7.org/fhir/sid/us-ssn'],
  [' -', 11, LETTERS, 'oid:2.16.840.1.113883.4.572', 'uri:http://hl7.org/fhir/sid/us-mbi'],
  [
    ' ',
    10,
    LETTERS,
    'uri:http://fhir.de/sid/gkv/kvid-10',
    'uri:http://fhir.de/sid/pkv/kvid-10',
    'uri:http://fhir.de/NamingSystem/gkv/kvid-10',
  ],
  [' -', 16, DIGITS, 'uri:http://ns.electronichealth.net.au/id/hi/ihi/1.0'],
  [' -.', 11, DIGITS, 'uri:https://www.ehealth.fgov.be/standards/fhir/core/NamingSystem/ssin'],
  [' -', 14, DIGITS, 'uri:https://healthid.ndhm.gov.in'],
];

const NATIONAL_BY_SYSTEM = new Map(
  NATIONAL.flatMap(([between, count, of, ...systems]) => systems.map((system) => [system, { between, count, of }])),
);

function isNationalNumber(system, value) {
  const number = NATIONAL_BY_SYSTEM.get(system);
  if (number === undefined) {
    return true;
  }
  const bare = [...value]
    .filter((letter) => !number.between.includes(letter))
    .join('')
    .replace(/[a-z]/g, (letter) => letter.toUpperCase());
  if (bare.length === number.count && number.of.test(bare)) {
    return value === bare;
  }
  const lacks = number.count - bare.replaceAll('+', '').length;
  return !(number.of === DIGITS && /^[0-9+]*$/.test(bare) && (lacks === 1 || lacks === 2));
}

// ---- the forms ----

function isValue(value) {
  return isVisible(value) && value.split('^').length <= 3;
}

function isOidPerson(rest) {
  const [, oid, value] = /^([^:]*):(.*)$/s.exec(rest) ?? [];
  return (
    oid !== undefined &&
    isOid(oid) &&
    oid !== CPR_OID &&
    !isCodeSystemOid(oid) &&
    isValue(value) &&
    isNationalNumber(`oid:${oid}`, value)
  );
}

// A URI that tells whose numbers these are: in its one spelling, and neither an OID nor a code system.
function isSystem(uri) {
  return isCanonicalUri(uri) && !isCodeSystem(uri) && !/^(urn:)?oid:/.test(uri);
}

function isUriPerson(rest) {
  const [, system, value] = /^([^|]*)\|(.*)$/s.exec(rest) ?? [];
  if (system === undefined || !isSystem(system)) {
    return false;
  }
  if (system === 'urn:ietf:rfc:3986') {
    return value.startsWith('urn:oid:') ? isOid(value.slice(8)) : isSystem(value);
  }
  return isValue(value) && isNationalNumber(`uri:${system}`, value);
}

function isReferredPerson(rest) {
  const [, organisation] = /^([^/]*)\/Patient\/[A-Za-z0-9.-]{1,64}$/s.exec(rest) ?? [];
  return organisation !== undefined && isVisible(organisation) && /^[^:]+:[^]+$/.test(organisation);
}

export function isPerson(id) {
  const [, form, rest] = /^(cpr|oid|uri|ref):(.*)$/s.exec(id) ?? [];
  switch (utf8(id).length <= BYTES_MAX ? form : undefined) {
    case 'cpr':
      return /^[0-9]{10}$/.test(rest);
    case 'oid':
      return isOidPerson(rest);
    case 'uri':
      return isUriPerson(rest);
    case 'ref':
      return isReferredPerson(rest);
    default:
      return false;
  }
}

// Which list a subject names ('' is a person's own), and whose it is.
export function listOf(subject) {
  const [, list, whose] = /^(grants|mandates|reports):(.*)$/s.exec(subject) ?? [];
  return list === undefined ? { list: '', whose: subject } : { list, whose };
}

export function isSubject(id) {
  const { list, whose } = listOf(id);
  return (
    utf8(id).length <= BYTES_MAX &&
    (list === 'reports' ? isOrganisation(whose) && utf8(whose).length <= 128 : isPerson(whose))
  );
}
