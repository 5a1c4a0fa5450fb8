/* An XML document as a stream of elements with local names, whatever it is encoded in. spec/adapters.md
 *
 * Expat reads UTF-8, UTF-16, ISO-8859-1 and ASCII. A document that names another encoding is converted to UTF-8 by
 * iconv first, which is asked only after expat has read the name. Document types are refused: they can declare entities
 * that grow without end, and no audit message has one. */
#pragma once

#include "ledger/base/bytes.h"

#define XML_DEPTH_MAX 16

/* Each is called with `context`; an error ends the reading. `name` is without the prefix of its namespace. */
struct xml_events {
	enum error (*start)(void *context, const char *name, const char **attributes);
	enum error (*end)(void *context);
	enum error (*text)(void *context, struct bytes text); /* in pieces */
};

/* E_BAD_XML, E_NO_MEMORY; the errors of the events. `fault` may have been filled in by the event. */
enum error xml_read(
	struct bytes document, const struct xml_events *events, void *context, struct fault *fault) MUST_USE;

/* Whether a document that xml_read has refused is the beginning of one, and ends before it is whole. */
bool xml_ends_early(struct bytes document);

/* The first of the attributes of either local name that holds more than white space, without the white space at its
 * ends; empty when there is none. `other` may be NULL. Borrowed for the length of the event. */
struct bytes xml_attribute(const char **attributes, const char *name, const char *other);
/* The next attribute that is not about the XML itself, its local name and its value without the white space at the
 * ends; `at` begins with 0. */
bool xml_next_attribute(const char **attributes, size_t *at, struct bytes *name, struct bytes *value);
