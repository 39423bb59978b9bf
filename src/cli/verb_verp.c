/* SPDX-License-Identifier: MIT
 * bounce verp: tokens in the envelope sender. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/lines.h"
#include "cli/out.h"
#include "cli/store_open.h"
#include "cli/verp_keys.h"

#define MAX_AGE "30d"

struct verp_run {
    struct verp_keys keys;
    struct bounce_slice id;
    int64_t now, max_age_s;
    bool json;
    struct out out;
    bool failed;
};

static bool sign_one(struct verp_run *run, struct bounce_slice sender,
                     struct bounce_slice recipient)
{
    char address[321];

    if (!verp_sign(&run->keys.keys[0], sender, recipient, run->id, run->now,
                   address)) {
        cli_error("%.*s: no address, or too long for a sender's local part; "
                  "--id helps with that",
                  CLI_ARG(recipient));
        run->failed = true;
        return false;
    }
    textbuf_cstr(&run->out.text, address);
    textbuf_byte(&run->out.text, '\n');
    out_tick(&run->out);
    return true;
}

/* Recipients, one a line; a failure leaves an empty line, so that lines stay
 * beside those of the input. */
static void sign_lines(struct verp_run *run, struct bounce_slice sender)
{
    struct lines in;
    char *line;
    size_t len;

    lines_init(&in, STDIN_FILENO);
    while (lines_next(&in, &line, &len)) {
        if (!sign_one(run, sender, slice_trim(slice_make(line, len))))
            textbuf_byte(&run->out.text, '\n');
    }
    if (in.error != 0) {
        cli_error("standard input: %s", strerror(in.error));
        run->failed = true;
    }
    lines_free(&in);
}

static void add_json(struct textbuf *text, const char *address,
                     enum verp_verdict verdict, const struct verp_seen *seen,
                     const char *time)
{
    textbuf_byte(text, '{');
    json_out_member(text, "address", slice_cstr(address));
    json_out_bool(text, "genuine", verdict == VERP_FINE);
    json_out_member(text, "verdict", slice_cstr(verp_verdict_text(verdict)));
    json_out_member(text, "recipient",
                    slice_cstr(seen->recipient[0] ? seen->recipient : NULL));
    json_out_member(text, "id", slice_cstr(seen->id[0] ? seen->id : NULL));
    json_out_member(text, "key", slice_cstr(seen->key[0] ? seen->key : NULL));
    json_out_member(text, "signed_at", slice_cstr(time[0] ? time : NULL));
    textbuf_cstr(text, "}\n");
}

static void add_field(struct textbuf *text, const char *value)
{
    textbuf_byte(text, '\t');
    textbuf_clean(text, slice_cstr(value[0] != '\0' ? value : "-"));
}

static void verify_one(struct verp_run *run, const char *address)
{
    struct verp_seen seen = {.signed_at = BOUNCE_NO_TIME};
    enum verp_verdict verdict =
        verp_verify(run->keys.keys, run->keys.count, slice_cstr(address),
                    run->now, run->max_age_s, &seen);
    struct textbuf *text = &run->out.text;
    char time[DATE_ISO_SIZE] = "";

    if (verdict == VERP_NONE)
        seen = (struct verp_seen){.signed_at = BOUNCE_NO_TIME};
    if (seen.signed_at != BOUNCE_NO_TIME)
        date_format_iso(seen.signed_at, time);
    run->failed = run->failed || verdict != VERP_FINE;
    if (run->json) {
        add_json(text, address, verdict, &seen, time);
        return;
    }
    textbuf_cstr(text, verp_verdict_text(verdict));
    add_field(text, seen.recipient);
    add_field(text, seen.id);
    add_field(text, seen.key);
    add_field(text, time);
    textbuf_byte(text, '\n');
}

/* A new key for a file of keys. */
static int make_key(const char *name)
{
    unsigned char bytes[32];
    struct out out;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

    if (got != (ssize_t)sizeof(bytes)) {
        cli_error("/dev/urandom: %s", strerror(errno));
        return CLI_IO_ERROR;
    }
    close(fd);
    out_init(&out);
    textbuf_format(&out.text, "%s:", name);
    for (size_t i = 0; i < sizeof(bytes); i++)
        textbuf_format(&out.text, "%02x", bytes[i]);
    textbuf_byte(&out.text, '\n');
    out_close(&out);
    return CLI_FINE;
}

static bool is_key_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

    return len >= 1 && len <= 8 && name[len] == '\0';
}

static int run_verb(struct verp_run *run, char **argv, int argc,
                    const char *key)
{
    bool sign = argc > 0 && strcmp(argv[0], "sign") == 0;
    int status;

    if (argc > 0 && strcmp(argv[0], "key") == 0 && argc == 2) {
        if (is_key_name(argv[1]))
            return make_key(argv[1]);
        return args_wrong("verp", "a key's name has 1 to 8 of a-z and 0-9");
    }
    if ((!sign || argc != 3) && (argc < 2 || strcmp(argv[0], "verify") != 0))
        return args_wrong("verp", "it is: sign SENDER RECIPIENT, verify "
                                  "ADDRESS..., key NAME");
    if (key == NULL)
        return args_wrong("verp", "--key FILE is missing");
    status = verp_keys_read(&run->keys, key);
    if (status >= 0)
        return status;
    out_init(&run->out);
    if (sign && strcmp(argv[2], "-") == 0)
        sign_lines(run, slice_cstr(argv[1]));
    else if (sign)
        sign_one(run, slice_cstr(argv[1]), slice_cstr(argv[2]));
    for (int i = 1; !sign && i < argc; i++)
        verify_one(run, argv[i]);
    out_close(&run->out);
    verp_keys_clear(&run->keys);
    return run->failed ? CLI_UNREADABLE : CLI_FINE;
}

int verb_verp(int argc, char **argv)
{
    struct verp_run run = {.now = (int64_t)time(NULL)};
    const char *key = NULL, *id = NULL, *now = NULL, *age = MAX_AGE;
    const struct arg_option options[] = {
        {"key", ARG_TEXT, &key, "FILE",
         "keys, a NAME:SECRET a line: the first signs, all verify"},
        {"id", ARG_TEXT, &id, "ID", "sign: the message's name with the sender"},
        {"max-age", ARG_TEXT, &age, "SPAN",
         "verify: older ones are expired; default " MAX_AGE},
        {"json", ARG_FLAG, &run.json, NULL, "verify: one JSON object each"},
        {"now", ARG_TEXT, &now, "TIME",
         "in place of the clock: RFC 3339, or Unix seconds"},
    };
    const struct arg_spec spec = {
        "bounce verp sign SENDER RECIPIENT|- --key FILE [--id ID]\n"
        "       bounce verp verify ADDRESS... --key FILE [--max-age SPAN]\n"
        "       bounce verp key NAME",
        "Makes and checks envelope senders with a keyed token, so that a "
        "bounce proves that it\nanswers mail that was sent. key makes a new "
        "key. - signs for recipients on standard\ninput.",
        options, sizeof(options) / sizeof(options[0]),
        "verify writes verdict, recipient, id, key and time, with tabs "
        "between; exit status 1\nwhen one is not genuine."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    run.id = slice_cstr(id);
    run.max_age_s = session_parse_span(age);
    if (run.max_age_s < 0)
        return args_wrong("verp", "--max-age wants a span such as 30d, not %s",
                          age);
    if (now != NULL)
        run.now = session_parse_time(now);
    if (run.now == BOUNCE_NO_TIME)
        return args_wrong("verp",
                          "--now wants RFC 3339 or Unix seconds, not %s", now);
    return run_verb(&run, argv, argc, key);
}
