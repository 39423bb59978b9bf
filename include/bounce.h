/* SPDX-License-Identifier: MIT
 *
 * libbounce: reads delivery reports, bounces, complaints and SMTP replies and
 * says what they mean.
 *
 * Life of the objects:
 *
 *     options -> engine (built once, then read-only, shared by all threads)
 *                  -> reader (one per thread, reused for every message)
 *                       -> result (borrowed from the reader until its next call)
 *
 * The library links libc alone, keeps no mutable globals, prints nothing,
 * opens no file or socket and reads no clock.
 */
#ifndef BOUNCE_H
#define BOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(BOUNCE_STATIC)
#define BOUNCE_API
#elif defined(__GNUC__)
#define BOUNCE_API __attribute__((visibility("default")))
#else
#define BOUNCE_API
#endif

#if defined(__GNUC__)
#define BOUNCE_CHECK __attribute__((warn_unused_result))
#else
#define BOUNCE_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define BOUNCE_VERSION_MAJOR 0
#define BOUNCE_VERSION_MINOR 1
#define BOUNCE_VERSION_PATCH 0
#define BOUNCE_VERSION       "0.1.0"

/* The version of the library at run time, as "MAJOR.MINOR.PATCH". Static. */
BOUNCE_API const char *bounce_version(void);

/* Borrowed bytes, not NUL-terminated. ptr is NULL (and len 0) where a value is
 * unknown; an empty value that is known has ptr != NULL and len 0. */
struct bounce_slice {
    const char *ptr;
    size_t len;
};

/* ---- Errors ---------------------------------------------------------- */

/* Values are ABI: append, never renumber. */
enum bounce_err {
    BOUNCE_OK = 0,
    BOUNCE_E_NOMEM, /* allocation failed; the arguments are unchanged */
    BOUNCE_E_ARG,   /* a documented precondition was broken */
    BOUNCE_E_LIMIT, /* a ceiling of bounce_options was reached */
    BOUNCE_E_RULES  /* rules that cannot be read; see bounce_error */
};

#define BOUNCE_NO_OFFSET ((size_t)-1)

struct bounce_error {
    enum bounce_err code;
    char msg[160]; /* text for people, NUL-terminated, control-free */
    size_t offset; /* byte in the input; BOUNCE_NO_OFFSET if none */
    unsigned line; /* line in the input, from 1; 0 if none */
};

/* A short English text, static, never NULL. */
BOUNCE_API const char *bounce_strerror(enum bounce_err err);

/* ---- Options --------------------------------------------------------- */

/* The caller's allocator. All three functions must be set, or none (then
 * malloc, realloc and free serve). They must be usable from every thread that
 * uses a handle made with them. resize(ctx, NULL, 0, n) is never called. */
struct bounce_allocator {
    void *(*alloc)(void *ctx, size_t size);
    void *(*resize)(void *ctx, void *ptr, size_t old_size, size_t new_size);
    void (*release)(void *ctx, void *ptr, size_t size);
    void *ctx;
};

/* Fill with bounce_options_init(), then change fields. Every buffer, depth and
 * count of the library has its ceiling here. */
struct bounce_options {
    size_t size; /* set by init; lets the struct grow */
    struct bounce_allocator allocator;
    size_t max_message;    /* bytes; of a larger message head and tail are
                            * used, with a warning; default 8 MiB */
    size_t max_memory;     /* bytes one reader may hold beside the head and
                            * tail of a message over max_message; default
                            * 64 MiB */
    unsigned max_depth;    /* nested MIME parts; default 32 */
    unsigned max_parts;    /* MIME parts of one message; default 1000 */
    unsigned max_headers;  /* header fields of one part; default 2000 */
    size_t max_header;     /* bytes of one header field; default 64 KiB */
    unsigned max_events;   /* events of one message; default 10000 */
    size_t max_diagnostic; /* bytes of a diagnostic; default 4096 */
    unsigned max_warnings; /* warnings kept for a message; default 50 */
    size_t max_rules;      /* bytes of rules added to an engine; default
                            * 16 MiB */
    size_t max_memo;       /* bytes of verdicts kept beside max_memory, for
                            * replies that differ in addresses, numbers and ids
                            * alone; default 4 MiB, max_memory / 16 at most */
};

/* Sets every field to its default. size is sizeof(struct bounce_options) as
 * the caller knows it; fields beyond it are not touched. */
BOUNCE_API void bounce_options_init(struct bounce_options *options,
                                    size_t size);

/* ---- Words ----------------------------------------------------------- */

/* What an event is. Values of all enums are ABI: append, never renumber. */
enum bounce_kind {
    BOUNCE_KIND_NONE = 0, /* no report: ordinary mail, a read receipt */
    BOUNCE_KIND_BOUNCE,   /* final failure */
    BOUNCE_KIND_DELAY,    /* not delivered yet */
    BOUNCE_KIND_DELIVERY, /* delivered, relayed or expanded */
    BOUNCE_KIND_FEEDBACK, /* RFC 5965 */
    BOUNCE_KIND_UNSUBSCRIBE,
    BOUNCE_KIND_AUTO_REPLY, /* RFC 3834 */
    BOUNCE_KIND_CHALLENGE   /* the recipient's filter asks for an answer */
};

enum bounce_class {
    BOUNCE_CLASS_NONE = 0, /* no verdict, null in JSON */
    BOUNCE_CLASS_HARD,
    BOUNCE_CLASS_SOFT,
    BOUNCE_CLASS_BLOCK,
    BOUNCE_CLASS_ADMIN,
    BOUNCE_CLASS_EVENT,
    BOUNCE_CLASS_UNDETERMINED
};

/* Action field of RFC 3464 section 2.3.3. */
enum bounce_action {
    BOUNCE_ACTION_NONE = 0,
    BOUNCE_ACTION_FAILED,
    BOUNCE_ACTION_DELAYED,
    BOUNCE_ACTION_DELIVERED,
    BOUNCE_ACTION_RELAYED,
    BOUNCE_ACTION_EXPANDED
};

/* The SMTP command that was answered. */
enum bounce_stage {
    BOUNCE_STAGE_NONE = 0,
    BOUNCE_STAGE_CONNECT,
    BOUNCE_STAGE_HELO,
    BOUNCE_STAGE_MAIL,
    BOUNCE_STAGE_RCPT,
    BOUNCE_STAGE_DATA,
    BOUNCE_STAGE_END_OF_DATA
};

enum bounce_evidence {
    BOUNCE_EVIDENCE_NONE = 0,
    BOUNCE_EVIDENCE_RULE,
    BOUNCE_EVIDENCE_BLOCK_LIST,
    BOUNCE_EVIDENCE_STATUS,
    BOUNCE_EVIDENCE_REPLY_CODE,
    BOUNCE_EVIDENCE_SERVICE,
    BOUNCE_EVIDENCE_FORMAT /* the kind of report alone: a complaint, ... */
};

enum bounce_do {
    BOUNCE_DO_NOTHING = 0,
    BOUNCE_DO_SUPPRESS,
    BOUNCE_DO_SUSPEND,
    BOUNCE_DO_HOLD,
    BOUNCE_DO_RETRY,
    BOUNCE_DO_SPLIT,
    BOUNCE_DO_FIX,
    BOUNCE_DO_REVIEW
};

enum bounce_who {
    BOUNCE_WHO_NOBODY = 0,
    BOUNCE_WHO_SENDER,
    BOUNCE_WHO_RECIPIENT,
    BOUNCE_WHO_RECEIVER
};

enum bounce_retry_by {
    BOUNCE_RETRY_NONE = 0,
    BOUNCE_RETRY_MTA,
    BOUNCE_RETRY_SENDER
};

/* Where the recipient of an event was read; ordered from best to worst. */
enum bounce_recipient_from {
    BOUNCE_FROM_NONE = 0,
    BOUNCE_FROM_FINAL_RECIPIENT,
    BOUNCE_FROM_ORIGINAL_RECIPIENT,
    BOUNCE_FROM_FEEDBACK,      /* Original-Rcpt-To, Removal-Recipient */
    BOUNCE_FROM_FAILED_HEADER, /* X-Failed-Recipients; a list: X-BeenThere */
    BOUNCE_FROM_TEXT,          /* the report's human text */
    BOUNCE_FROM_DIAGNOSTIC,    /* an address inside the quoted reply */
    BOUNCE_FROM_AUTHOR,        /* From of an auto-reply */
    BOUNCE_FROM_VERP,
    BOUNCE_FROM_RETURNED_MESSAGE /* To of the returned message */
};

/* The word that JSON uses for a value ("bounce", "end-of-data", ...), or NULL
 * for the value 0 of enums whose 0 means unknown. Static. */
BOUNCE_API const char *bounce_kind_name(enum bounce_kind value);
BOUNCE_API const char *bounce_class_name(enum bounce_class value);
BOUNCE_API const char *bounce_action_name(enum bounce_action value);
BOUNCE_API const char *bounce_stage_name(enum bounce_stage value);
BOUNCE_API const char *bounce_evidence_name(enum bounce_evidence value);
BOUNCE_API const char *bounce_do_name(enum bounce_do value);
BOUNCE_API const char *bounce_who_name(enum bounce_who value);
BOUNCE_API const char *bounce_retry_by_name(enum bounce_retry_by value);
BOUNCE_API const char *
bounce_recipient_from_name(enum bounce_recipient_from value);

/* The stage that a word names ("rcpt", "end-of-data", "mail", ...; any case).
 * BOUNCE_STAGE_NONE when it names none. */
BOUNCE_API enum bounce_stage bounce_stage_parse(const char *name, size_t len);

#define BOUNCE_NO_TIME INT64_MIN

/* ---- Events ---------------------------------------------------------- */

/* What a reply says beside its category. Unknown slices are NULL. */
struct bounce_signals {
    struct bounce_slice block_list; /* name of the list */
    struct bounce_slice lookup_url;
    struct bounce_slice removal_url;
    struct bounce_slice sender_ip;
    struct bounce_slice url;            /* explanation named in the text */
    struct bounce_slice new_address;    /* of a moved mailbox */
    struct bounce_slice limit_what;     /* size, rate, recipients, quota */
    double limit_value;                 /* when limit_what is known */
    struct bounce_slice limit_unit;     /* bytes, messages/hour, ... */
    struct bounce_slice suppressed_for; /* bounce, unsubscribe, complaint */
    int person_left;                    /* 1 said so, 0 denied, -1 unknown */
};

/* What to do about it. */
struct bounce_advice {
    enum bounce_do action;
    enum bounce_who who;
    enum bounce_retry_by retry_by;
    int64_t retry_after_s; /* seconds; -1 unknown */
    struct bounce_slice remedy;
};

/* What one report or reply says about one recipient. Only the library makes
 * these; fields are appended, never moved. All text is UTF-8. */
struct bounce_event {
    struct bounce_slice event_id; /* 32 hex digits, a hash of the content */
    enum bounce_kind kind;
    struct bounce_slice recipient;
    enum bounce_recipient_from recipient_from;
    struct bounce_slice original_recipient;
    enum bounce_action action;
    int permanent;              /* 1, 0, or -1 unknown */
    bool expired;               /* gave up after retries */
    struct bounce_slice status; /* RFC 3463, "5.1.1" */
    int reply_code;             /* 0 unknown */
    enum bounce_stage stage;
    struct bounce_slice diagnostic;

    struct bounce_slice category; /* an id of data/categories; NULL: none */
    enum bounce_class cls;
    double confidence; /* 0..1; negative: none */
    struct bounce_slice provider;
    struct bounce_slice gateway;
    enum bounce_evidence evidence_by;
    struct bounce_slice evidence_rule; /* id of the rule, list, code */
    struct bounce_slice evidence_text; /* what of the text it hit */
    struct bounce_signals signals;
    struct bounce_advice advice;

    struct bounce_slice reporting_mta;
    struct bounce_slice remote_mta;
    struct bounce_slice format;     /* rfc3464, rfc5965, text, ... */
    struct bounce_slice written_by; /* mail system: postfix, exim, ... */
    struct bounce_slice queue_id;
    struct bounce_slice service; /* sending service */
    struct bounce_slice service_verdict;
    int verified;                   /* 1, 0, or -1 unknown */
    struct bounce_slice message_id; /* of the original message, with <> */
    struct bounce_slice report_id;  /* Message-ID of the report */
    struct bounce_slice sender;     /* of the original message */
    struct bounce_slice scope;
    struct bounce_slice campaign;
    struct bounce_slice feedback_id;
    struct bounce_slice feedback_type; /* RFC 5965 section 7.3 */
    struct bounce_slice subject;       /* of the original message */
    int64_t sent_at;     /* Unix seconds; BOUNCE_NO_TIME unknown */
    int64_t occurred_at; /* Unix seconds; BOUNCE_NO_TIME unknown */
};

/* A flaw of the input that did not stop the reading. */
struct bounce_warning {
    const char *id;   /* stable word, such as "boundary-missing"; static */
    const char *text; /* for people; static */
    size_t offset;    /* byte in the message; BOUNCE_NO_OFFSET if none */
};

/* ---- Engine and reader ----------------------------------------------- */

struct bounce_engine; /* read-only once shared */
struct bounce_reader; /* one thread at a time */
struct bounce_result; /* borrowed from its reader */

/* Make an engine with the built-in knowledge. options may be NULL.
 * On BOUNCE_OK *engine_out is the caller's: bounce_engine_free().
 * Errors: BOUNCE_E_NOMEM, BOUNCE_E_ARG (size or allocator incomplete). */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_engine_new(const struct bounce_options *options,
                  struct bounce_engine **engine_out);

/* Frees the engine; its readers must be gone. NULL is fine. */
BOUNCE_API void bounce_engine_free(struct bounce_engine *engine);

/* Add a user's rules (bounce-rules(5)), before the first reader is made.
 * name stands in messages (a file name); data is copied. Rules added are
 * taken together with those added before; all of them precede built-in ones.
 * They are compiled by bounce_engine_seal() or the first bounce_reader_new().
 * Errors: BOUNCE_E_NOMEM, BOUNCE_E_LIMIT (max_rules), BOUNCE_E_ARG (sealed). */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_engine_add_rules(struct bounce_engine *engine, const char *name,
                        const void *data, size_t len);

/* Compile the rules that were added. error_out may be NULL.
 * Errors: BOUNCE_E_NOMEM, BOUNCE_E_LIMIT, BOUNCE_E_RULES with file, line and
 * cause in error_out->msg. */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_engine_seal(struct bounce_engine *engine,
                   struct bounce_error *error_out);

/* Make a reader: the memory that one thread reads with. After some messages
 * it allocates nothing more.
 * Errors: BOUNCE_E_NOMEM; BOUNCE_E_RULES when the engine was not sealed and
 * its added rules do not compile. */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_reader_new(struct bounce_engine *engine,
                  struct bounce_reader **reader_out);
BOUNCE_API void bounce_reader_free(struct bounce_reader *reader);

/* Read one message of len bytes. data is not kept, but must stay unchanged
 * until the reader's next call, since results point into it.
 * On BOUNCE_OK *result_out is valid until the reader's next call. Malformed
 * mail is BOUNCE_OK with warnings. A message that is no report has exactly one
 * event, of kind BOUNCE_KIND_NONE.
 * Errors: BOUNCE_E_NOMEM, BOUNCE_E_ARG, BOUNCE_E_LIMIT (max_memory).
 * Time: linear in len. */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_read(struct bounce_reader *reader, const void *data, size_t len,
            const struct bounce_result **result_out,
            struct bounce_error *error_out);

/* As bounce_read() of a message of total bytes of which only the first
 * head_len and the last tail_len bytes were kept (the rest was larger than
 * max_message). offset of a warning counts in head + tail. */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_read_truncated(struct bounce_reader *reader, const void *data,
                      size_t head_len, size_t tail_len,
                      const struct bounce_result **result_out,
                      struct bounce_error *error_out);

/* A bare reply. Fields that are unknown stay zero. */
struct bounce_reply {
    size_t size;                 /* sizeof(struct bounce_reply) */
    struct bounce_slice text;    /* lines separated by LF or CRLF */
    struct bounce_slice host;    /* answering host or MX name */
    struct bounce_slice service; /* sending service, such as "mailgun" */
    struct bounce_slice status;  /* when known apart from the text */
    enum bounce_stage stage;
    int reply_code; /* when known apart from the text; 0 unknown */
};

/* Classify one reply; gives one event. A 2xx is a delivery, a 4xx a delay,
 * all else a bounce. Errors and lifetime as bounce_read(). */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_classify(struct bounce_reader *reader, const struct bounce_reply *reply,
                const struct bounce_result **result_out,
                struct bounce_error *error_out);

/* Events and warnings of a result. i runs from 0; beyond the count NULL. */
BOUNCE_API size_t bounce_result_events(const struct bounce_result *result);
BOUNCE_API const struct bounce_event *
bounce_result_event(const struct bounce_result *result, size_t i);
BOUNCE_API size_t bounce_result_warnings(const struct bounce_result *result);
BOUNCE_API const struct bounce_warning *
bounce_result_warning(const struct bounce_result *result, size_t i);

/* ---- Labels ---------------------------------------------------------- */

/* A verdict in somebody else's taxonomy. */
struct bounce_label {
    struct bounce_slice label;
    struct bounce_slice code; /* NULL when the taxonomy has none */
    struct bounce_slice cls;  /* the taxonomy's own class, or NULL */
};

/* The label of an event in a taxonomy ("sisimai", "sparkpost", ...).
 * false when the taxonomy is unknown or has no label for it. */
BOUNCE_API bool bounce_label(const struct bounce_engine *engine,
                             struct bounce_slice taxonomy,
                             const struct bounce_event *event,
                             struct bounce_label *label_out);

/* The way back: what a foreign label, or its code, means among ours. label is
 * compared without case. class_out (may be NULL) is the foreign class, NULL
 * when it has none. false when taxonomy or label is unknown. */
BOUNCE_API bool bounce_label_category(const struct bounce_engine *engine,
                                      struct bounce_slice taxonomy,
                                      struct bounce_slice label,
                                      struct bounce_slice *category_out,
                                      struct bounce_slice *class_out);

/* The i-th taxonomy, or NULL beyond the last. Static. */
BOUNCE_API const char *bounce_taxonomy(const struct bounce_engine *engine,
                                       size_t i);

/* ---- JSON ------------------------------------------------------------ */

struct bounce_json_options {
    size_t size;                 /* sizeof(struct bounce_json_options) */
    struct bounce_slice source;  /* file name or the like */
    int64_t offset;              /* of the message in it; bytes */
    struct bounce_slice labels;  /* taxonomies, comma-separated; may be empty */
    struct bounce_slice id_json; /* a JSON value, written first as "id" */
};

/* Write event i of result as one line of JSON (docs: bounce(1)), with LF.
 * Writes at most cap bytes to buf and returns the length it needs; the text is
 * complete when that is <= cap. Not NUL-terminated. buf may be NULL when cap
 * is 0. Bytes that are no UTF-8 become U+FFFD. */
BOUNCE_API size_t bounce_event_json(const struct bounce_engine *engine,
                                    const struct bounce_result *result,
                                    size_t i,
                                    const struct bounce_json_options *options,
                                    char *buf, size_t cap);

/* ---- Knowledge ------------------------------------------------------- */

/* One of the categories; static. */
struct bounce_category {
    struct bounce_slice id, name;
    enum bounce_class cls;
    enum bounce_do action;
    enum bounce_who who;
    enum bounce_retry_by retry_by;
    int64_t retry_after_s;           /* -1 unknown */
    struct bounce_slice scope;       /* what the trouble belongs to */
    struct bounce_slice meaning;     /* one sentence for a marketer */
    struct bounce_slice action_text; /* the default policy in words */
    struct bounce_slice retry_text;
    struct bounce_slice remedy;
};

/* A code: an enhanced status code "X.1.1", a reply code "550", a service's
 * code "605". */
struct bounce_code {
    struct bounce_slice code;
    struct bounce_slice service; /* NULL: everybody's */
    struct bounce_slice title, meaning, cause, remedy, reference;
    struct bounce_slice category; /* what the table names; may be NULL */
};

/* The i-th one, or NULL beyond the last. Valid as long as the engine. */
BOUNCE_API const struct bounce_category *
bounce_category_at(const struct bounce_engine *engine, size_t i);
BOUNCE_API const struct bounce_category *
bounce_category_find(const struct bounce_engine *engine,
                     struct bounce_slice id);
BOUNCE_API bool bounce_code_at(const struct bounce_engine *engine, size_t i,
                               struct bounce_code *code_out);

/* A rule as text. Valid as long as the engine. */
struct bounce_rule {
    struct bounce_slice id, category, provider, remedy, meaning, source;
    struct bounce_slice origin; /* file the rule stands in */
    unsigned line;              /* its line there */
    unsigned phrases, examples; /* how many */
    bool user;                  /* added by bounce_engine_add_rules() */
    unsigned weight;            /* 0 normal, 1 weak, 2 last */
};
BOUNCE_API bool bounce_rule_at(const struct bounce_engine *engine, size_t i,
                               struct bounce_rule *rule_out);
/* Phrase j or example j of rule i, as written; NULL slice beyond the last.
 * codes and stage that limit a phrase stand behind it in brackets. */
BOUNCE_API struct bounce_slice
bounce_rule_phrase(const struct bounce_engine *engine, size_t i, size_t j);
BOUNCE_API struct bounce_slice
bounce_rule_example(const struct bounce_engine *engine, size_t i, size_t j);

/* One rule that spoke for a reply, best first: bounce rules why. */
struct bounce_hit {
    size_t rule;                /* index for bounce_rule_at() */
    struct bounce_slice phrase; /* as written */
    struct bounce_slice text;   /* normalised text it hit */
    unsigned rank;              /* lower wins */
};
/* The hits of the last bounce_classify() of reader; at most cap are written,
 * the count is returned. Slices live until the reader's next call. */
BOUNCE_API size_t bounce_reader_hits(struct bounce_reader *reader,
                                     struct bounce_hit *hits, size_t cap);

/* The template of the last bounce_classify() of reader: the innermost reply,
 * normalised, with what varies masked as {addr}, {ip}, {url}, {host}, {time},
 * {n} and {id}. Empty when memory is out. Lives until the next call. */
BOUNCE_API struct bounce_slice
bounce_reader_template(struct bounce_reader *reader);

/* What the last call of reader found at each stage, one line each ("mime:
 * ...\nreport: ...\n"). Only filled when switched on; lives as above. */
BOUNCE_API void bounce_reader_trace(struct bounce_reader *reader, bool on);
BOUNCE_API struct bounce_slice
bounce_reader_trace_text(const struct bounce_reader *reader);

/* ---- Policy: so what ------------------------------------------------- */
/* docs/policy.md tells it in words. Everything here is a pure function: time
 * and facts come in as arguments, memory is the caller's, and the same calls
 * give the same state. An address has one state for the whole store and one
 * for each scope (list, brand) that knows more of it.
 *
 * Calls for one address come in the order of their time. The order of calls
 * of the same second does not matter, nor does a call made again. */
struct bounce_policy; /* read-only after creation: share among threads */

/* Make a policy: the default, a preset over it ("mailgun", ...; NULL: none),
 * and over that the len bytes of a user's own file, which name stands for in
 * messages. options and data may be NULL. Nothing is kept of the arguments.
 * On BOUNCE_OK *policy_out is the caller's: bounce_policy_free().
 * Errors: BOUNCE_E_NOMEM; BOUNCE_E_LIMIT (max_rules); BOUNCE_E_ARG, no such
 * preset; BOUNCE_E_RULES with file, line and cause in error_out. */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_policy_new(const struct bounce_options *options, const char *preset,
                  const char *name, const void *data, size_t len,
                  struct bounce_policy **policy_out,
                  struct bounce_error *error_out);
BOUNCE_API void bounce_policy_free(struct bounce_policy *policy);

/* The i-th preset, "default" first; NULL beyond the last. Static. */
BOUNCE_API const char *bounce_policy_preset(size_t i);

/* What the policy does with a category. Valid as long as the policy. */
struct bounce_policy_entry {
    struct bounce_slice category, says, counter;
    struct bounce_slice origin; /* file that spoke last */
    unsigned line;              /* its line there */
    bool never_suppresses;
};
/* false beyond the last. */
BOUNCE_API bool bounce_policy_entry_at(const struct bounce_policy *policy,
                                       size_t i,
                                       struct bounce_policy_entry *entry_out);

enum bounce_standing { BOUNCE_ACTIVE = 0, BOUNCE_SUSPENDED, BOUNCE_SUPPRESSED };

/* Why an address may not be written to; one may have several causes. */
enum bounce_slot {
    BOUNCE_SLOT_SUSPENSION = 0,
    BOUNCE_SLOT_HARD,    /* one failure was enough */
    BOUNCE_SLOT_COUNTED, /* several were */
    BOUNCE_SLOT_COMPLAINT,
    BOUNCE_SLOT_UNSUBSCRIBE,
    BOUNCE_SLOT_MANUAL
};
#define BOUNCE_SLOTS 6

/* Texts are NUL-terminated, cut where too long, without control characters. */
struct bounce_cause {
    int64_t since; /* Unix seconds; BOUNCE_NO_TIME: there is no cause */
    int64_t until; /* Unix seconds; BOUNCE_NO_TIME: without end */
    char category[32];
    char entry[64];      /* "policy:category", "breaker:hard-leap", ... */
    char rule[96];       /* what decided the category */
    char event_id[64];   /* the event that brought it about */
    unsigned confidence; /* hundredths */
    int verified;        /* 1, 0, or -1 unknown */
};

#define BOUNCE_COUNTERS 16
#define BOUNCE_FAILURES 16
/* A failure is known by a key, so that it counts once however many events
 * tell of it. The newest BOUNCE_FAILURES are kept. */
struct bounce_failure {
    int64_t at;
    uint64_t key;
};
struct bounce_counter {
    char id[24];      /* Counter stanza of the policy; empty: unused */
    int64_t first_at; /* of all failures, also those no longer kept */
    unsigned kept;
    struct bounce_failure failures[BOUNCE_FAILURES]; /* oldest first */
    struct bounce_cause last; /* what the newest would be a cause of */
};

/* The state of an address, in the store or in a scope. Plain memory: copy it
 * freely, keep it with bounce_state_write(). */
struct bounce_state {
    size_t size;          /* set by init; lets the struct grow */
    int64_t delivered_at; /* newest delivery; BOUNCE_NO_TIME none */
    int64_t released_at[BOUNCE_SLOTS]; /* newest release of each */
    struct bounce_cause causes[BOUNCE_SLOTS];
    struct bounce_counter counters[BOUNCE_COUNTERS]; /* by id; used first */
};

/* An address of which nothing is known: active. */
BOUNCE_API void bounce_state_init(struct bounce_state *state);
/* The standing at a time, and the cause (may be NULL) that speaks: the
 * strongest, of those the longest. BOUNCE_ACTIVE leaves *cause_out NULL. */
BOUNCE_API enum bounce_standing
bounce_state_standing(const struct bounce_state *state, int64_t now,
                      const struct bounce_cause **cause_out);
/* Distinct failures since the last delivery that a counter holds; 16 means 16
 * or more. What forget_s seconds without failure made forgotten is left out. */
BOUNCE_API unsigned bounce_state_count(const struct bounce_state *state,
                                       const char *counter, int64_t forget_s,
                                       int64_t now);
/* As text, a line for each thing that is there. Writes at most cap bytes and
 * returns the length it needs; not NUL-terminated. The same state gives the
 * same text. */
BOUNCE_API size_t bounce_state_write(const struct bounce_state *state,
                                     char *buf, size_t cap);
/* The way back. Errors: BOUNCE_E_RULES with the line; *state_out is then
 * initialised. error_out may be NULL. */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_state_read(const char *text, size_t len, struct bounce_state *state_out,
                  struct bounce_error *error_out);

/* What mail goes through. Unknown parts are NULL. */
struct bounce_route {
    struct bounce_slice provider, domain;            /* of the recipient */
    struct bounce_slice ip, sender_domain, campaign; /* of what is sent */
};

#define BOUNCE_BREAKER_HARD_LEAP 1U /* hard verdicts at this provider */
#define BOUNCE_BREAKER_OWN_FAULT 2U /* many unrelated domains fail at once */

/* One verdict, and what is known at its time. Facts (from dns_domain on) are
 * the same for all calls of one second. Keep it whole to replay. */
struct bounce_policy_input {
    size_t size; /* set by init */
    int64_t now; /* Unix seconds, within 0..2^40 */
    enum bounce_kind kind;
    int permanent;     /* 1, 0, or -1 unknown */
    double confidence; /* 0..1 */
    int verified;      /* 1, 0, or -1 unknown */
    struct bounce_slice category, event_id, rule, suppressed_for;
    enum bounce_class service_class; /* a sending service's own; NONE */
    uint64_t failure; /* key of the failure; 0: made from event_id */
    int64_t told_at;  /* when it was first told of; BOUNCE_NO_TIME unknown */
    struct bounce_route route;
    int dns_domain; /* our own look-up: 1 has a mail host, 0 not, -1 not done */
    int64_t domain_delivered_at; /* newest delivery at the whole domain */
    int64_t engaged_at;          /* the person's newest open or click */
    int64_t waiting_s; /* a delay: since the message was sent; -1 unknown */
    unsigned tries;    /* a delay: tries so far; 0 unknown */
    unsigned breaker;  /* bits of BOUNCE_BREAKER_* */
};
/* Everything unknown, then what event (may be NULL) says. */
BOUNCE_API void bounce_policy_input_init(struct bounce_policy_input *input,
                                         const struct bounce_event *event,
                                         int64_t now);

/* A hold that a verdict asks for. Empty texts stand for any. */
struct bounce_hold_key {
    char provider[64], domain[256], ip[64], sender_domain[256], campaign[128];
};
struct bounce_hold_request {
    struct bounce_hold_key key;
    struct bounce_cause cause; /* its until is the hold's to say */
    int64_t base_s;            /* seconds of the first; -1: until mended */
    int64_t max_s;             /* doubling ends there; equal to base_s: none */
    int64_t reset_s; /* quiet seconds after which doubling begins anew */
    bool by_hand;    /* a delivery does not end it */
};

enum bounce_outcome {
    BOUNCE_OUTCOME_NOTHING = 0,
    BOUNCE_OUTCOME_COUNTED,    /* a counter moved */
    BOUNCE_OUTCOME_SUSPENDED,  /* a suspension began or grew */
    BOUNCE_OUTCOME_SUPPRESSED, /* a suppression began or grew */
    BOUNCE_OUTCOME_RESET,      /* counters forgotten, suspension lifted */
    BOUNCE_OUTCOME_RELEASED,
    BOUNCE_OUTCOME_CONSENT /* not released: that needs consent */
};

/* What was decided and why: the line of "bounce why". */
struct bounce_decision {
    enum bounce_outcome outcome;
    const char *reason; /* a stable word such as "at-once"; static */
    bool in_scope;      /* the scope's state changed, not the store's */
    bool changed;       /* a state is no longer what it was */
    bool observed;      /* mode observe: decided, but nothing is blocked */
    bool alert;         /* the sender has something to mend */
    bool incident;      /* a breaker stood open */
    bool review;        /* a person must look */
    bool gave_up;       /* this message is not to be tried again */
    bool wants_hold;    /* hold is filled in */
    enum bounce_standing from, to; /* of that state, at now */
    struct bounce_cause cause;     /* of outcome; evidence also when nothing */
    char counter[24];              /* that moved; empty: none */
    unsigned count, needed;        /* failures it holds and asks for */
    unsigned days;                 /* distinct days of them */
    struct bounce_slice label; /* the preset's code, such as "602"; or NULL */
    struct bounce_hold_request hold;
};

/* Judge one verdict: changes store and, where the policy entry says so, scope
 * (NULL: the event has none; what belongs in a scope then holds everywhere).
 * Errors: BOUNCE_E_ARG, a time out of range; the states are unchanged. */
BOUNCE_CHECK BOUNCE_API enum bounce_err
bounce_policy_apply(const struct bounce_policy *policy,
                    const struct bounce_policy_input *input,
                    struct bounce_state *store, struct bounce_state *scope,
                    struct bounce_decision *decision_out);

/* Let an address go: every cause but complaint and unsubscribe, and those too
 * with consent; counters begin anew. reason is kept as the cause's rule. */
BOUNCE_API void bounce_state_release(struct bounce_state *state, bool consent,
                                     const char *reason, int64_t now,
                                     struct bounce_decision *decision_out);
/* Suppress by hand or by import. slot is where it belongs (not SUSPENSION);
 * until as in the cause. Never lifts or shortens anything. */
BOUNCE_API void bounce_state_suppress(struct bounce_state *state,
                                      enum bounce_slot slot, int64_t until,
                                      const char *entry, const char *reason,
                                      int64_t now,
                                      struct bounce_decision *decision_out);

/* A route that rests. Start with all zero but key. */
struct bounce_hold {
    struct bounce_hold_key key;
    struct bounce_cause cause; /* since, until; no cause: not yet held */
    int64_t base_s;
    unsigned step;                  /* doublings so far */
    bool open;                      /* ended neither by delivery nor by hand */
    bool by_hand;                   /* a delivery does not end it */
    int64_t delivered_at, ended_at; /* newest delivery, newest end by hand */
};
/* Open or extend. true when something changed. */
BOUNCE_API bool bounce_hold_open(struct bounce_hold *hold,
                                 const struct bounce_hold_request *request);
/* A delivery over the route (by_hand false) or a person ends it and the
 * doubling. true when something changed. */
BOUNCE_API bool bounce_hold_end(struct bounce_hold *hold, bool by_hand,
                                int64_t now);
/* Whether it stops mail over route now. */
BOUNCE_API bool bounce_hold_applies(const struct bounce_hold *hold,
                                    const struct bounce_route *route,
                                    int64_t now);

/* Counts of a window (an hour, say) and of the past before it (30 days). */
struct bounce_breaker_counts {
    size_t size;                      /* sizeof(struct bounce_breaker_counts) */
    uint64_t hard, results;           /* at one provider, in the window */
    uint64_t past_hard, past_results; /* there, in the past */
    uint64_t domains_failing, domains; /* connection or name failed; tried */
};
/* The breakers that stand open: bits for bounce_policy_input.breaker. */
BOUNCE_API unsigned
bounce_breaker_judge(const struct bounce_policy *policy,
                     const struct bounce_breaker_counts *counts);

enum bounce_may { BOUNCE_SEND = 0, BOUNCE_LATER, BOUNCE_NEVER };

struct bounce_answer {
    enum bounce_may may;     /* what to do */
    enum bounce_may decided; /* the same but in mode observe */
    int64_t until;           /* BOUNCE_NO_TIME: not known, or without end */
    const char *reason;      /* a stable word such as "hold"; static */
    bool in_scope;
    struct bounce_slice label; /* the preset's code, such as "605"; or NULL */
    const struct bounce_cause *cause; /* in a state or hold; NULL: none */
    const struct bounce_hold *hold;   /* that stops it; NULL: none */
};
/* May I send? scope may be NULL; of the holds those over route count. */
BOUNCE_API void bounce_policy_check(
    const struct bounce_policy *policy, const struct bounce_state *store,
    const struct bounce_state *scope, const struct bounce_hold *holds,
    size_t hold_count, const struct bounce_route *route, int64_t now,
    struct bounce_answer *answer_out);

/* Words of the enums, as bounce_kind_name(). */
BOUNCE_API const char *bounce_standing_name(enum bounce_standing value);
BOUNCE_API const char *bounce_slot_name(enum bounce_slot value);
BOUNCE_API const char *bounce_outcome_name(enum bounce_outcome value);
BOUNCE_API const char *bounce_may_name(enum bounce_may value);

#ifdef __cplusplus
}
#endif
#endif
