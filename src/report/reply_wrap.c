/* SPDX-License-Identifier: MIT
 * Wrappers: a table, because each mail system has its own words and nothing
 * else differs. Adding one means adding a line. */
#include "report/reply_wrap.h"

#define S(x)    BOUNCE_STAGE_##x
#define TEXT(x) x, sizeof(x) - 1

/* Sorted by byte value: the search is binary. Where one entry begins another
 * the longer one wins. The mail system stands behind each line. */
static const struct reply_wrap WRAPS[] = {
    {TEXT("' (delivery attempts:"), WRAP_TAIL, S(NONE)}, /* ironport, ses */
    {TEXT("(delivery attempts:"), WRAP_TAIL, S(NONE)},   /* ironport, ses */
    {TEXT("(error following "), WRAP_STAGE, S(NONE)},    /* x6 */
    {TEXT("(in reply to "), WRAP_TAIL | WRAP_STAGE, S(NONE)}, /* postfix */
    {TEXT("(last transfail: "), WRAP_OPEN | WRAP_EXPIRED, S(NONE)},
    {TEXT("(other mxes tried:"), WRAP_TAIL, S(NONE)}, /* qmail patch */
    {TEXT("(reason: "), WRAP_OPEN, S(NONE)},          /* sendmail */
    {TEXT("-> "), WRAP_OPEN, S(NONE)},                /* microsoft365 */
    {TEXT("<<< "), WRAP_OPEN, S(NONE)},               /* sendmail, courier */
    {TEXT(">>> "), WRAP_STAGE | WRAP_TAIL, S(NONE)},  /* sendmail, courier */
    {TEXT("[body]"), WRAP_TAIL, S(END_OF_DATA)},      /* yahoo */
    {TEXT("[connect]"), WRAP_TAIL, S(CONNECT)},       /* yahoo */
    {TEXT("[data]"), WRAP_TAIL, S(DATA)},             /* yahoo */
    {TEXT("[eob]"), WRAP_TAIL, S(END_OF_DATA)},       /* yahoo */
    {TEXT("[helo]"), WRAP_TAIL, S(HELO)},             /* yahoo */
    {TEXT("[init]"), WRAP_TAIL, S(CONNECT)},          /* yahoo */
    {TEXT("[internal] "), WRAP_PREFIX, S(NONE)},      /* momentum */
    {TEXT("[mail_from]"), WRAP_TAIL, S(MAIL)},        /* yahoo */
    {TEXT("[rcpt_to]"), WRAP_TAIL, S(RCPT)},          /* yahoo */
    {TEXT("additional rcpt to generated following response:"), WRAP_OPEN,
     S(RCPT)},
    {TEXT("after multiple retries, giving up"), WRAP_EXPIRED,
     S(NONE)}, /* yahoo */
    {TEXT("all hosts have been failing for a long time"), WRAP_EXPIRED,
     S(NONE)},
    {TEXT("aws ses: "), WRAP_PREFIX, S(NONE)},
    {TEXT("body of message generated response:"), WRAP_OPEN, S(END_OF_DATA)},
    {TEXT("but connection died."), 0, S(CONNECT)}, /* qmail */
    {TEXT("but greeting failed."), WRAP_HOST_BEFORE, S(CONNECT)},
    {TEXT("but my name was rejected."), WRAP_HOST_BEFORE, S(HELO)},
    {TEXT("but sender was rejected."), WRAP_HOST_BEFORE, S(MAIL)},
    {TEXT("closed connection in response to "), WRAP_STAGE | WRAP_HOST_BEFORE,
     S(NONE)}, /* exim */
    {TEXT("closed the connection in response to "), WRAP_STAGE, S(NONE)},
    {TEXT("command output: "), WRAP_OPEN, S(NONE)},          /* postfix pipe */
    {TEXT("command: "), WRAP_STAGE, S(NONE)},                /* groupwise */
    {TEXT("connect to "), WRAP_HOST, S(CONNECT)},            /* postfix */
    {TEXT("connected to "), WRAP_HOST, S(NONE)},             /* qmail */
    {TEXT("connection refused by "), WRAP_HOST, S(CONNECT)}, /* sendmail */
    {TEXT("connection reset by "), WRAP_HOST, S(NONE)},      /* sendmail */
    {TEXT("connection timed out with "), WRAP_HOST, S(CONNECT)},
    {TEXT("conversation with "), WRAP_HOST, S(NONE)},             /* postfix */
    {TEXT("could not be delivered for "), WRAP_EXPIRED, S(NONE)}, /* sendmail */
    {TEXT("could not deliver for the last "), WRAP_EXPIRED, S(NONE)}, /* dma */
    {TEXT("data command generated response:"), WRAP_OPEN, S(DATA)}, /* imail */
    {TEXT("deferred: "), WRAP_OPEN, S(NONE)},          /* sendmail */
    {TEXT("delay reason: "), WRAP_OPEN, S(NONE)},      /* exim */
    {TEXT("delay reason: h="), WRAP_HOST, S(NONE)},    /* exim */
    {TEXT("delivery error: "), WRAP_PREFIX, S(NONE)},  /* yahoo */
    {TEXT("delivery expired"), WRAP_EXPIRED, S(NONE)}, /* ironport */
    {TEXT("delivery retry timeout exceeded"), WRAP_EXPIRED, S(NONE)}, /* gmx */
    {TEXT("delivery temporarily suspended: "), WRAP_OPEN,
     S(NONE)}, /* postfix */
    {TEXT("delivery time expired"), WRAP_EXPIRED, S(NONE)},
    {TEXT("delivery via "), WRAP_HOST, S(NONE)},          /* postfix */
    {TEXT("diagnostic code: smtp;"), WRAP_OPEN, S(NONE)}, /* pmdf */
    {TEXT("diagnostic-code: smtp;"), WRAP_OPEN, S(NONE)},
    {TEXT("did not like our "),
     WRAP_STAGE | WRAP_HOST_BEFORE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* dma */
    {TEXT("does not like recipient."), WRAP_HOST_BEFORE, S(RCPT)}, /* qmail */
    {TEXT("during client "), WRAP_STAGE, S(NONE)},     /* sendmail */
    {TEXT("envelope expired"), WRAP_EXPIRED, S(NONE)}, /* opensmtpd */
    {TEXT("error during the last delivery attempt:"), WRAP_OPEN,
     S(NONE)},                                            /* mox */
    {TEXT("error transferring to "), WRAP_HOST, S(NONE)}, /* domino */
    {TEXT("error=["), WRAP_OPEN, S(NONE)},                /* xmail */
    {TEXT("error_code :"), WRAP_OPEN, S(NONE)},           /* zoho */
    {TEXT("failed after i sent the message."), WRAP_HOST_BEFORE,
     S(END_OF_DATA)},
    {TEXT("failed on data command."), WRAP_HOST_BEFORE, S(DATA)}, /* qmail */
    {TEXT("failed with error: "), WRAP_OPEN, S(NONE)},            /* maddy */
    {TEXT("failed with: "), WRAP_OPEN | WRAP_HOST_BEFORE,
     S(NONE)},                                      /* mailfoundry */
    {TEXT("failure reason: "), WRAP_OPEN, S(NONE)}, /* haraka */
    {TEXT("gave this error: "), WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)},
    {TEXT("gives error message "), WRAP_OPEN, S(NONE)},      /* pp */
    {TEXT("giving up on "), WRAP_TAIL | WRAP_HOST, S(NONE)}, /* qmail */
    {TEXT("hmailserver sent: "), WRAP_STAGE, S(NONE)},
    {TEXT("host "), WRAP_HOST, S(NONE)},  /* postfix, exim */
    {TEXT("host '"), WRAP_HOST, S(NONE)}, /* stalwart */
    {TEXT("host: "), WRAP_HOST, S(NONE)}, /* gmx, 1und1 */
    {TEXT("i'm not going to try again;"), WRAP_TAIL | WRAP_EXPIRED, S(NONE)},
    {TEXT("in mail from"), WRAP_LAST | WRAP_TAIL, S(MAIL)},  /* sendgrid */
    {TEXT("in rcpt to"), WRAP_LAST | WRAP_TAIL, S(RCPT)},    /* sendgrid */
    {TEXT("it responded as follows: "), WRAP_OPEN, S(NONE)}, /* x6 */
    {TEXT("lmtp error after "), WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)},
    {TEXT("lmtp error from remote mail server after "),
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)},      /* exim */
    {TEXT("lost connection with "), WRAP_HOST, S(NONE)}, /* postfix */
    {TEXT("message expired"), WRAP_EXPIRED, S(NONE)},
    {TEXT("message timeout"), WRAP_EXPIRED, S(NONE)},
    {TEXT("message will be deleted from queue"), WRAP_EXPIRED | WRAP_TAIL,
     S(NONE)},
    {TEXT("most progress was "), WRAP_STAGE, S(NONE)}, /* qmail patch */
    {TEXT("queue.expired"), WRAP_EXPIRED, S(NONE)},    /* exchange */
    {TEXT("reason: "), WRAP_OPEN, S(NONE)},
    {TEXT("received >>> "), WRAP_OPEN, S(NONE)}, /* interscan */
    {TEXT("refused to accept your message ("), WRAP_STAGE, S(NONE)}, /* x6 */
    {TEXT("refused to talk to me: "), WRAP_OPEN | WRAP_HOST_BEFORE, S(CONNECT)},
    {TEXT("rejected command '"), WRAP_STAGE | WRAP_HOST_BEFORE, S(NONE)},
    {TEXT("rejected recipient "), 0, S(RCPT)}, /* x6 */
    {TEXT("rejected your message to "), WRAP_HOST_BEFORE, S(NONE)},
    {TEXT("remote host "), WRAP_HOST, S(NONE)},             /* exim, qmail */
    {TEXT("remote host said: "), WRAP_OPEN, S(NONE)},       /* qmail, yahoo */
    {TEXT("remote server ("), WRAP_HOST, S(NONE)},          /* hmailserver */
    {TEXT("remote server replied: "), WRAP_OPEN, S(NONE)},  /* hmailserver */
    {TEXT("remote server returned '"), WRAP_OPEN, S(NONE)}, /* exchange */
    {TEXT("remote server said: "), WRAP_OPEN, S(NONE)},     /* kerio */
    {TEXT("remote smtp server has rejected address"), 0, S(RCPT)}, /* pmdf */
    {TEXT("reply: read error from "), WRAP_HOST, S(NONE)}, /* sendmail */
    {TEXT("reported error: "), WRAP_OPEN, S(NONE)},        /* microsoft365 */
    {TEXT("reports: "), WRAP_OPEN, S(NONE)},               /* communigate */
    {TEXT("responded with failure: "), WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)},
    {TEXT("response: "), WRAP_OPEN, S(NONE)}, /* groupwise */
    {TEXT("retry time not reached for any host"), WRAP_EXPIRED,
     S(NONE)}, /* exim */
    {TEXT("retry timeout exceeded"), WRAP_EXPIRED | WRAP_TAIL, S(NONE)},
    {TEXT("returned '"), WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)}, /* exchange */
    {TEXT("said: "), WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)},     /* postfix */
    {TEXT("says: "), WRAP_OPEN | WRAP_HOST_BEFORE, S(NONE)}, /* communigate */
    {TEXT("sent <<< "), WRAP_STAGE, S(NONE)},                /* interscan */
    {TEXT("server "), WRAP_HOST, S(NONE)},                   /* mailfoundry */
    {TEXT("server <"), WRAP_HOST, S(NONE)},                  /* x6 */
    {TEXT("server at "), WRAP_HOST, S(NONE)},                /* exchange */
    {TEXT("server response to mail from:"), WRAP_OPEN, S(MAIL)}, /* imail */
    {TEXT("smtp error from remote mail server after "),
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* exim */
    {TEXT("smtp error from remote mailer after "),
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* exim 3 */
    {TEXT("smtp error from remote server after "),
     WRAP_STAGE | WRAP_OPEN | WRAP_COLON, S(NONE)}, /* gmx */
    {TEXT("smtp error from remote server for "), WRAP_STAGE,
     S(NONE)}, /* 1und1 */
    {TEXT("smtp protocol returned a permanent error "), WRAP_OPEN, S(NONE)},
    {TEXT("smtp protocol returned a transient error "), WRAP_OPEN, S(NONE)},
    {TEXT("smtp timeout while connected to "), WRAP_HOST, S(NONE)}, /* exim */
    {TEXT("smtp:"), WRAP_STAGE, S(NONE)},                           /* x3 */
    {TEXT("smtp;"), WRAP_OPEN, S(NONE)}, /* RFC 3464, 2.3.6 */
    {TEXT("the error that the other server returned was: "), WRAP_OPEN,
     S(NONE)},
    {TEXT("the response from the remote server was: "), WRAP_OPEN, S(NONE)},
    {TEXT("the response was: "), WRAP_OPEN, S(NONE)}, /* gmail */
    {TEXT("timed out during "), WRAP_STAGE, S(NONE)},
    {TEXT("timeout waiting for input from "), WRAP_HOST,
     S(NONE)},                                              /* sendmail */
    {TEXT("unable to deliver in "), WRAP_EXPIRED, S(NONE)}, /* ses */
    {TEXT("unable to deliver message after multiple retries"), WRAP_EXPIRED,
     S(NONE)}, /* yahoo */
    {TEXT("unexpected connection response from server:"), WRAP_OPEN,
     S(CONNECT)},
    {TEXT("unexpected response to ehlo/helo:"), WRAP_OPEN, S(HELO)}, /* imail */
    {TEXT("was aborted after "), WRAP_EXPIRED, S(NONE)},             /* x3 */
    {TEXT("while performing the "), WRAP_STAGE, S(NONE)},  /* postfix */
    {TEXT("while receiving the initial "), 0, S(CONNECT)}, /* postfix */
    {TEXT("while sending "), WRAP_STAGE, S(NONE)},         /* postfix */
    {TEXT("while talking to "), WRAP_HOST, S(NONE)},       /* sendmail */
    {TEXT("with code "), WRAP_OPEN, S(NONE)},              /* stalwart */
    {TEXT("with the following error message: "), WRAP_OPEN, S(NONE)} /* x6 */
};

#undef TEXT
#undef S

enum { WRAP_COUNT = sizeof(WRAPS) / sizeof(WRAPS[0]), WRAP_KEY = 4 };

/* Four bytes as a number whose order is that of memcmp(). */
static uint32_t key_of(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* The bytes of s that wrap takes; 0 when it does not match. The blank that
 * ends an entry may be missing where lines were cut. */
static size_t match(const struct reply_wrap *wrap, struct bounce_slice s)
{
    size_t len = wrap->len;
    size_t need = wrap->text[len - 1] == ' ' ? len - 1 : len;

    if (s.len < need || memcmp(wrap->text, s.ptr, need) != 0)
        return 0;
    if (need < len && s.len > need && s.ptr[need] == ' ')
        return len;
    if (need < len && wrap->text[need - 1] != ':' && s.len > need)
        return 0;
    return need;
}

const struct reply_wrap *reply_wrap_match(struct bounce_slice s,
                                          size_t *len_out)
{
    size_t low = 0, high = WRAP_COUNT;
    const struct reply_wrap *best = NULL;
    uint32_t key;

    *len_out = 0;
    if (s.len < WRAP_KEY)
        return NULL;
    key = key_of(s.ptr);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (key_of(WRAPS[middle].text) < key)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < WRAP_COUNT && key_of(WRAPS[low].text) == key; low++) {
        size_t len = match(&WRAPS[low], s);
        if (len > *len_out) {
            best = &WRAPS[low];
            *len_out = len;
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
        {"'", 1},           {"`", 1},        {"(", 1},    {" ", 1},
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
