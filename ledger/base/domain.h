/* Domain strings: what every signed or hashed record of our own starts with, so that a value made for
 * one purpose never stands for another. They are part of the formats (spec/) and never change. Tree,
 * notes and map hash exactly as their outside specifications say and have none. */
#pragma once

/* clang-format off */
#define DOMAIN_EVENT_KEY     "indsigt/v3 key\n"            /* batch secret to event secret    spec/event.md */
#define DOMAIN_C_R           "indsigt/v3 c_r\n"            /* event secret, restricted part   spec/event.md */
#define DOMAIN_C_D           "indsigt/v3 c_d\n"            /* c_r, disclosed part             spec/event.md */
#define DOMAIN_COMMITMENT    "indsigt/v3 c\n"              /* header, c_d                     spec/event.md */
#define DOMAIN_BATCH         "indsigt/v1 batch\n"          /* the sender's batch signature    spec/batch.md */
#define DOMAIN_SENDER        "indsigt/v4 sender\n"         /* the sender's endorsement        spec/entry.md */
#define DOMAIN_ALIAS         "indsigt/v2 alias\n"          /* alias key, subject id to alias  spec/store.md */
#define DOMAIN_RECORD_KEY    "indsigt/v1 record key\n"     /* subject key, period key         spec/store.md */
#define DOMAIN_RECORD        "indsigt/v2 record\n"         /* associated data of a record     spec/store.md */
#define DOMAIN_LOCATOR_KEY   "indsigt/v1 locator key\n"    /* hides key ids in records        spec/store.md */
#define DOMAIN_FILING_KEY    "indsigt/v1 filing key\n"     /* seals aliases and postings      spec/store.md */
#define DOMAIN_ALIASES       "indsigt/v1 aliases\n"        /* associated data of alias packs  spec/store.md */
#define DOMAIN_POSTING       "indsigt/v2 posting\n"        /* filing key to a posting's key   spec/store.md */
#define DOMAIN_SUBJECT_KEY   "indsigt/v1 subject key\n"    /* associated data of wrapped keys spec/store.md */
#define DOMAIN_PERIOD_KEY    "indsigt/v1 period key\n"     /* associated data of wrapped keys spec/store.md */
#define DOMAIN_KEY_CHECK     "indsigt/v1 key check\n"      /* tells key files apart           spec/store.md */
#define DOMAIN_CURSOR_KEY    "indsigt/v1 cursor key\n"     /* seals paging cursors, names acts spec/http.md */
#define DOMAIN_BLINDING_KEY  "indsigt/v1 blinding key\n"   /* VRF secret to blinding keys     spec/epoch.md */
#define DOMAIN_BLIND         "indsigt/v2 b\n"              /* log index to blind              spec/epoch.md */
#define DOMAIN_SUBJECT       "indsigt/v1 subject\n"        /* count, subject tree root        spec/epoch.md */
#define DOMAIN_HEAD          "indsigt/v2 head\n"           /* filing key to a head's key      spec/store.md */
#define DOMAIN_SUBTREES      "indsigt/v2 subtrees\n"       /* filing key to a subtrees' key   spec/store.md */
#define DOMAIN_ERASED        "indsigt/v2 erased\n"         /* an erasure's label commitment   spec/entry.md */
#define DOMAIN_REQUEST       "indsigt/v1 request\n"        /* a sender's signed request       spec/http.md */
#define DOMAIN_HELLO         "indsigt/v2 hello\n"          /* a sender proves its key         spec/frame.md */
#define DOMAIN_WELCOME       "indsigt/v2 welcome\n"        /* the log answers a hello         spec/frame.md */
#define DOMAIN_DEMO_ID_TOKEN "indsigt/v1 demo id token\n" /* the demo issuer's key to that of ID tokens spec/identity.md */
#define DOMAIN_COVERAGE      "indsigt/v1 coverage\n"       /* who reports, in short           spec/http.md */
#define DOMAIN_WISHES        "indsigt/v1 wishes\n"         /* records of who wants notices   spec/notify.md */
/* clang-format on */
