/* SPDX-License-Identifier: MIT
 * Wrappers: a table, because each mail system has its own words and nothing
 * else differs. Adding one means adding a line. */
#include "report/reply_wrap.h"

#define S(x) BOUNCE_STAGE_##x

/* Sorted by byte value: the search is binary. Where one entry begins another
 * the longer one wins. The mail system stands behind each line. */
static const struct reply_wrap WRAPS[] = {
    {"' (delivery attempts:", WRAP_TAIL, S(NONE)},      /* ironport, ses */
    {"(delivery attempts:", WRAP_TAIL, S(NONE)},        /* ironport, ses */
    {"(error following ", WRAP_STAGE, S(NONE)},         /* x6 */
    {"(in reply to ", WRAP_TAIL | WRAP_STAGE, S(NONE)}, /* postfix */
    {"(last transfail: ", WRAP_OPEN | WRAP_EXPIRED, S(NONE)},
    {"(other mxes tried:", WRAP_TAIL, S(NONE)}, /* qmail patch */
    {"(reason: ", WRAP_OPEN, S(NONE)},          /* sendmail */
    {"-> ", WRAP_OPEN, S(NONE)},                /* microsoft365 */
    {"<<< ", WRAP_OPEN, S(NONE)},               /* sendmail, courier */
    {">>> ", WRAP_STAGE | WRAP_TAIL, S(NONE)},  /* sendmail, courier */
    {"[body]", WRAP_TAIL, S(END_OF_DATA)},      /* yahoo */
    {"[connect]", WRAP_TAIL, S(CONNECT)},       /* yahoo */
    {"[data]", WRAP_TAIL, S(DATA)},             /* yahoo */
    {"[eob]", WRAP_TAIL, S(END_OF_DATA)},       /* yahoo */
    {"[helo]", WRAP_TAIL, S(HELO)},             /* yahoo */
    {"[init]", WRAP_TAIL, S(CONNECT)},          /* yahoo */
    {"[internal] ", WRAP_PREFIX, S(NONE)},      /* momentum */
    {"[mail_from]", WRAP_TAIL, S(MAIL)},        /* yahoo */
    {"[rcpt_to]", WRAP_TAIL, S(RCPT)},          /* yahoo */
    {"additional rcpt to generated following response:", WRAP_OPEN, S(RCPT)},
    {"after multiple retries, giving up", WRAP_EXPIRED, S(NONE)}, /* yahoo */
    {"all hosts have been failing for a long time", WRAP_EXPIRED, S(NONE)},
    {"aws ses: ", WRAP_PREFIX, S(NONE)},
    {"body of message generated response:", WRAP_OPEN, S(END_OF_DATA)},
    {"but connection died.", 0, S(CONNECT)}, /* qmail */
    {"but greeting failed.", WRAP_HOST_BEFORE, S(CONNECT)},
    {"but my name was rejected.", WRAP_HOST_BEFORE, S(HELO)},
    {"but sender was rejected.", WRAP_HOST_BEFORE, S(MAIL)},
    {"closed connection in response to ", WRAP_STAGE | WRAP_HOST_BEFORE,
     S(NONE)}, /* exim */
    {"closed the connection in response to ", WRAP_STAGE, S(NONE)},
    {"command output: ", WRAP_OPEN, S(NONE)},          /* postfix pipe */
    {"command: ", WRAP_STAGE, S(NONE)},                /* groupwise */
    {"connect to ", WRAP_HOST, S(CONNECT)},            /* postfix */
    {"connected to ", WRAP_HOST, S(NONE)},             /* qmail */
    {"connection refused by ", WRAP_HOST, S(CONNECT)}, /* sendmail */
    {"connection reset by ", WRAP_HOST, S(NONE)},      /* sendmail */
    {"connection timed out with ", WRAP_HOST, S(CONNECT)},
    {"conversation with ", WRAP_HOST, S(NONE)},                 /* postfix */
    {"could not be delivered for ", WRAP_EXPIRED, S(NONE)},     /* sendmail */
    {"could not deliver for the last ", WRAP_EXPIRED, S(NONE)}, /* dma */
    {"data command generated response:", WRAP_OPEN, S(DATA)},   /* imail */
    {"deferred: ", WRAP_OPEN, S(NONE)},                         /* sendmail */
    {"delay reason: ", WRAP_OPEN, S(NONE)},                     /* exim */
    {"delivery error: ", WRAP_PREFIX, S(NONE)},                 /* yahoo */
    {"delivery expired", WRAP_EXPIRED, S(NONE)},                /* ironport */
    {"delivery retry timeout exceeded", WRAP_EXPIRED, S(NONE)}, /* gmx */
    {"delivery temporarily suspended: ", WRAP_OPEN, S(NONE)},   /* postfix */
    {"delivery time expired", WRAP_EXPIRED, S(NONE)},
    {"delivery via ", WRAP_HOST, S(NONE)},          /* postfix */
    {"diagnostic code: smtp;", WRAP_OPEN, S(NONE)}, /* pmdf */
    {"diagnostic-code: smtp;", WRAP_OPEN, S(NONE)},
    {"did not like our ",
     WRAP_STAGE | WRAP_HOST_BEFORE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* dma */
    {"does not like recipient.", WRAP_HOST_BEFORE, S(RCPT)}, /* qmail */
    {"during client ", WRAP_STAGE, S(NONE)},                 /* sendmail */
    {"envelope expired", WRAP_EXPIRED, S(NONE)},             /* opensmtpd */
    {"error during the last delivery attempt:", WRAP_OPEN, S(NONE)}, /* mox */
    {"error transferring to ", WRAP_HOST, S(NONE)}, /* domino */
    {"error=[", WRAP_OPEN, S(NONE)},                /* xmail */
    {"error_code :", WRAP_OPEN, S(NONE)},           /* zoho */
    {"failed after i sent the message.", WRAP_HOST_BEFORE, S(END_OF_DATA)},
    {"failed on data command.", WRAP_HOST_BEFORE, S(DATA)},   /* qmail */
    {"failed with error: ", WRAP_OPEN, S(NONE)},              /* maddy */
    {"failed with: ", WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)}, /* mailfoundry */
    {"failure reason: ", WRAP_OPEN, S(NONE)},                 /* haraka */
    {"gave this error: ", WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)},
    {"gives error message ", WRAP_OPEN, S(NONE)},      /* pp */
    {"giving up on ", WRAP_TAIL | WRAP_HOST, S(NONE)}, /* qmail */
    {"hmailserver sent: ", WRAP_STAGE, S(NONE)},
    {"host ", WRAP_HOST, S(NONE)},  /* postfix, exim */
    {"host '", WRAP_HOST, S(NONE)}, /* stalwart */
    {"host: ", WRAP_HOST, S(NONE)}, /* gmx, 1und1 */
    {"i'm not going to try again;", WRAP_TAIL | WRAP_EXPIRED, S(NONE)},
    {"in mail from", WRAP_LAST | WRAP_TAIL, S(MAIL)},  /* sendgrid */
    {"in rcpt to", WRAP_LAST | WRAP_TAIL, S(RCPT)},    /* sendgrid */
    {"it responded as follows: ", WRAP_OPEN, S(NONE)}, /* x6 */
    {"lmtp error after ", WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)},
    {"lmtp error from remote mail server after ",
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* exim */
    {"lost connection with ", WRAP_HOST, S(NONE)},  /* postfix */
    {"message expired", WRAP_EXPIRED, S(NONE)},
    {"message timeout", WRAP_EXPIRED, S(NONE)},
    {"message will be deleted from queue", WRAP_EXPIRED | WRAP_TAIL, S(NONE)},
    {"most progress was ", WRAP_STAGE, S(NONE)}, /* qmail patch */
    {"queue.expired", WRAP_EXPIRED, S(NONE)},    /* exchange */
    {"reason: ", WRAP_OPEN, S(NONE)},
    {"received >>> ", WRAP_OPEN, S(NONE)},                     /* interscan */
    {"refused to accept your message (", WRAP_STAGE, S(NONE)}, /* x6 */
    {"refused to talk to me: ", WRAP_OPEN | WRAP_HOST_BEFORE, S(CONNECT)},
    {"rejected command '", WRAP_STAGE | WRAP_HOST_BEFORE, S(NONE)},
    {"rejected recipient ", 0, S(RCPT)}, /* x6 */
    {"rejected your message to ", WRAP_HOST_BEFORE, S(NONE)},
    {"remote host ", WRAP_HOST, S(NONE)},                    /* exim, qmail */
    {"remote host said: ", WRAP_OPEN, S(NONE)},              /* qmail, yahoo */
    {"remote server (", WRAP_HOST, S(NONE)},                 /* hmailserver */
    {"remote server replied: ", WRAP_OPEN, S(NONE)},         /* hmailserver */
    {"remote server returned '", WRAP_OPEN, S(NONE)},        /* exchange */
    {"remote server said: ", WRAP_OPEN, S(NONE)},            /* kerio */
    {"remote smtp server has rejected address", 0, S(RCPT)}, /* pmdf */
    {"reply: read error from ", WRAP_HOST, S(NONE)},         /* sendmail */
    {"reported error: ", WRAP_OPEN, S(NONE)},                /* microsoft365 */
    {"reports: ", WRAP_OPEN, S(NONE)},                       /* communigate */
    {"responded with failure: ", WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)},
    {"response: ", WRAP_OPEN, S(NONE)}, /* groupwise */
    {"retry time not reached for any host", WRAP_EXPIRED, S(NONE)}, /* exim */
    {"retry timeout exceeded", WRAP_EXPIRED | WRAP_TAIL, S(NONE)},
    {"returned '", WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)}, /* exchange */
    {"said: ", WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)},     /* postfix */
    {"says: ", WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)},     /* communigate */
    {"sent <<< ", WRAP_STAGE, S(NONE)},                    /* interscan */
    {"server ", WRAP_HOST, S(NONE)},                       /* mailfoundry */
    {"server <", WRAP_HOST, S(NONE)},                      /* x6 */
    {"server at ", WRAP_HOST, S(NONE)},                    /* exchange */
    {"server response to mail from:", WRAP_OPEN, S(MAIL)}, /* imail */
    {"smtp error from remote mail server after ",
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* exim */
    {"smtp error from remote mailer after ",
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* exim 3 */
    {"smtp error from remote server after ",
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)},              /* gmx */
    {"smtp error from remote server for ", WRAP_STAGE, S(NONE)}, /* 1und1 */
    {"smtp protocol returned a permanent error ", WRAP_OPEN, S(NONE)},
    {"smtp protocol returned a transient error ", WRAP_OPEN, S(NONE)},
    {"smtp timeout while connected to ", WRAP_HOST, S(NONE)}, /* exim */
    {"smtp:", WRAP_STAGE, S(NONE)},                           /* x3 */
    {"smtp;", WRAP_OPEN, S(NONE)}, /* RFC 3464, 2.3.6 */
    {"the error that the other server returned was: ", WRAP_OPEN, S(NONE)},
    {"the response from the remote server was: ", WRAP_OPEN, S(NONE)},
    {"the response was: ", WRAP_OPEN, S(NONE)}, /* gmail */
    {"timed out during ", WRAP_STAGE, S(NONE)},
    {"timeout waiting for input from ", WRAP_HOST, S(NONE)}, /* sendmail */
    {"unable to deliver in ", WRAP_EXPIRED, S(NONE)},        /* ses */
    {"unable to deliver message after multiple retries", WRAP_EXPIRED,
     S(NONE)}, /* yahoo */
    {"unexpected connection response from server:", WRAP_OPEN, S(CONNECT)},
    {"unexpected response to ehlo/helo:", WRAP_OPEN, S(HELO)}, /* imail */
    {"was aborted after ", WRAP_EXPIRED, S(NONE)},             /* x3 */
    {"while performing the ", WRAP_STAGE, S(NONE)},            /* postfix */
    {"while receiving the initial ", 0, S(CONNECT)},           /* postfix */
    {"while sending ", WRAP_STAGE, S(NONE)},                   /* postfix */
    {"while talking to ", WRAP_HOST, S(NONE)},                 /* sendmail */
    {"with code ", WRAP_OPEN, S(NONE)},                        /* stalwart */
    {"with the following error message: ", WRAP_OPEN, S(NONE)} /* x6 */
};

#undef S

enum { WRAP_COUNT = sizeof(WRAPS) / sizeof(WRAPS[0]), WRAP_KEY = 4 };

/* Order of an entry's key against the bytes of s. */
static int compare_key(const char *text, struct bounce_slice s)
{
    return memcmp(text, s.ptr, WRAP_KEY);
}

const struct reply_wrap *reply_wrap_match(struct bounce_slice s,
                                          size_t *len_out)
{
    size_t low = 0, high = WRAP_COUNT;
    const struct reply_wrap *best = NULL;

    if (s.len < WRAP_KEY)
        return NULL;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_key(WRAPS[middle].text, s) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *len_out = 0;
    for (; low < WRAP_COUNT && compare_key(WRAPS[low].text, s) == 0; low++) {
        size_t len = strlen(WRAPS[low].text);
        /* The blank that ends an entry may be missing where lines were cut. */
        size_t need = WRAPS[low].text[len - 1] == ' ' ? len - 1 : len;
        if (s.len < need || memcmp(WRAPS[low].text, s.ptr, need) != 0)
            continue;
        if (need < len && s.len > need && s.ptr[need] == ' ')
            need = len;
        else if (need < len && WRAPS[low].text[need - 1] != ':' && s.len > need)
            continue;
        if (need > *len_out || best == NULL) {
            best = &WRAPS[low];
            *len_out = need;
        }
    }
    return best;
}

bool reply_wrap_sorted(void)
{
    for (size_t i = 1; i < WRAP_COUNT; i++)
        if (strcmp(WRAPS[i - 1].text, WRAPS[i].text) >= 0)
            return false;
    return true;
}

enum bounce_stage reply_stage(struct bounce_slice s)
{
    static const struct {
        struct bounce_slice word;
        enum bounce_stage stage;
    } stages[] = {
        {{"rcpt", 4}, BOUNCE_STAGE_RCPT},
        {{"recipient", 9}, BOUNCE_STAGE_RCPT},
        {{"mail", 4}, BOUNCE_STAGE_MAIL},
        {{"end of data", 11}, BOUNCE_STAGE_END_OF_DATA},
        {{"end-of-data", 11}, BOUNCE_STAGE_END_OF_DATA},
        {{"final data", 10}, BOUNCE_STAGE_END_OF_DATA},
        {{"data block", 10}, BOUNCE_STAGE_END_OF_DATA},
        {{"data", 4}, BOUNCE_STAGE_DATA},
        {{"bdat", 4}, BOUNCE_STAGE_END_OF_DATA},
        {{"text", 4}, BOUNCE_STAGE_END_OF_DATA},
        {{"body", 4}, BOUNCE_STAGE_END_OF_DATA},
        {{"message body", 12}, BOUNCE_STAGE_END_OF_DATA},
        {{"eob", 3}, BOUNCE_STAGE_END_OF_DATA},
        {{"quit", 4}, BOUNCE_STAGE_END_OF_DATA},
        {{".", 1}, BOUNCE_STAGE_END_OF_DATA},
        {{"helo", 4}, BOUNCE_STAGE_HELO},
        {{"ehlo", 4}, BOUNCE_STAGE_HELO},
        {{"lhlo", 4}, BOUNCE_STAGE_HELO},
        {{"starttls", 8}, BOUNCE_STAGE_HELO},
        {{"auth", 4}, BOUNCE_STAGE_HELO},
        {{"xforward", 8}, BOUNCE_STAGE_HELO},
        {{"initial", 7}, BOUNCE_STAGE_CONNECT},
        {{"greeting", 8}, BOUNCE_STAGE_CONNECT},
        {{"connect", 7}, BOUNCE_STAGE_CONNECT},
        {{"init", 4}, BOUNCE_STAGE_CONNECT},
    };
    static const struct bounce_slice skip[] = {
        {"pipelined ", 10}, {"sending ", 8}, {"the ", 4}, {"\"", 1},
        {"'", 1},           {"`", 1},        {" ", 1},
    };

    for (size_t i = 0; i < sizeof(skip) / sizeof(skip[0]); i++) {
        if (slice_starts_nocase(s, skip[i])) {
            s = slice_from(s, skip[i].len);
            i = SIZE_MAX; /* start over: several may stand in a row */
        }
    }
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        size_t len = stages[i].word.len;
        if (slice_starts_nocase(s, stages[i].word) &&
            (s.len == len || !ascii_is_alpha((unsigned char)s.ptr[len]) ||
             len == 7))
            return stages[i].stage;
    }
    return BOUNCE_STAGE_NONE;
}

bool reply_is_ip(struct bounce_slice s)
{
    unsigned dots = 0, colons = 0, digits = 0;

    if (slice_starts_nocase(s, SLICE("IPv6:")))
        s = slice_from(s, 5);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '.')
            dots++;
        else if (c == ':')
            colons++;
        else if (ascii_is_digit(c))
            digits++;
        else if (ascii_lower(c) < 'a' || ascii_lower(c) > 'f')
            return false;
    }
    return (dots == 3 && colons == 0 && digits >= 4 && digits + 3 == s.len) ||
           (colons >= 2 && s.len <= 45);
}

static bool is_host_byte(unsigned char c)
{
    return ascii_is_alnum(c) || c == '.' || c == '-' || c == '_' || c >= 0x80;
}

static struct bounce_slice trim_dots(struct bounce_slice s)
{
    while (s.len > 0 && s.ptr[s.len - 1] == '.')
        s.len--;
    while (s.len > 0 && s.ptr[0] == '.')
        s = slice_from(s, 1);
    return s.len > 0 ? s : SLICE_NULL;
}

/* A name counts as a host when it has a dot inside: "mx", "the" do not. */
static void set_name(struct bounce_slice name, struct bounce_slice *host_out,
                     struct bounce_slice *ip_out)
{
    name = trim_dots(name);
    if (name.ptr == NULL || slice_find_byte(name, '.') == SLICE_NPOS)
        return;
    if (!reply_is_ip(name))
        *host_out = name;
    else if (ip_out->ptr == NULL)
        *ip_out = name;
}

/* The address inside "[...]" or "(...)" that starts s. */
static struct bounce_slice bracketed(struct bounce_slice s)
{
    size_t end;

    if (s.len < 3 || (s.ptr[0] != '[' && s.ptr[0] != '('))
        return SLICE_NULL;
    if (s.ptr[1] == '[') /* "([192.0.2.1])" */
        return bracketed(slice_from(s, 1));
    for (end = 1; end < s.len && end < 50; end++)
        if (!ascii_is_alnum((unsigned char)s.ptr[end]) && s.ptr[end] != '.' &&
            s.ptr[end] != ':')
            break;
    s = slice_sub(s, 1, end - 1);
    return reply_is_ip(s) ? s : SLICE_NULL;
}

void reply_host_after(struct bounce_slice s, struct bounce_slice *host_out,
                      struct bounce_slice *ip_out)
{
    size_t len = 0;

    *host_out = *ip_out = SLICE_NULL;
    s = slice_trim(s);
    while (s.len > 0 && (s.ptr[0] == '<' || s.ptr[0] == '\''))
        s = slice_from(s, 1);
    *ip_out = bracketed(s);
    while (len < s.len && len < 256 && is_host_byte((unsigned char)s.ptr[len]))
        len++;
    set_name(slice_sub(s, 0, len), host_out, ip_out);
    s = slice_from(s, len);
    if (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '>'))
        s = slice_from(s, 1);
    if (ip_out->ptr == NULL)
        *ip_out = bracketed(s);
}

void reply_host_before(struct bounce_slice s, struct bounce_slice *host_out,
                       struct bounce_slice *ip_out)
{
    size_t start;

    *host_out = *ip_out = SLICE_NULL;
    s = slice_trim(s);
    if (s.len > 0 && (s.ptr[s.len - 1] == ']' || s.ptr[s.len - 1] == ')')) {
        start = s.len;
        while (start > 0 && s.len - start < 50 && s.ptr[start - 1] != '[' &&
               s.ptr[start - 1] != '(')
            start--;
        if (start > 0) {
            *ip_out = bracketed(slice_from(s, start - 1));
            s = slice_trim(slice_sub(s, 0, start - 1));
        }
    }
    if (s.len > 0 && (s.ptr[s.len - 1] == '>' || s.ptr[s.len - 1] == '\'' ||
                      s.ptr[s.len - 1] == ','))
        s.len--;
    for (start = s.len; start > 0 && s.len - start < 256; start--)
        if (!is_host_byte((unsigned char)s.ptr[start - 1]))
            break;
    set_name(slice_from(s, start), host_out, ip_out);
}
