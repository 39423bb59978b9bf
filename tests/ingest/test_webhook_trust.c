/* SPDX-License-Identifier: MIT
 * Who sent this? For each service that signs: right, absent, wrong, too old,
 * from the future, by a foreign key, by the second of two keys. And Basic
 * authentication, bearer tokens, secrets in the URL. Keys are made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "hook_keys.h"
#include <cmocka.h>

#define NOW HOOK_TEST_NOW

/* ---- Requests, signed ------------------------------------------------ */

/* How one service signs: headers into test, the body back. foreign: by a key
 * that is not configured; second: by the second of two. */
struct signer {
    const char *service;
    bool timed; /* the time is signed, too */
    const char *body;
    struct bounce_slice key, other_key; /* configured; and not */
    const char *(*sign)(struct hook_test *test, const struct signer *signer,
                        bool foreign, int64_t at);
};

static struct bounce_slice secret_of(const struct signer *signer, bool foreign)
{
    return foreign ? signer->other_key : signer->key;
}

static const char *sign_mailgun(struct hook_test *test,
                                const struct signer *signer, bool foreign,
                                int64_t at)
{
    unsigned char made[64];
    char *text = format("%lldtoken-1", (long long)at);
    size_t len = mac(EVP_sha256(), secret_of(signer, foreign), text, made);

    (void)test;
    return format(
        "{\"signature\":{\"timestamp\":\"%lld\",\"token\":\"token-1\","
        "\"signature\":\"%s\"},\"event-data\":%s}",
        (long long)at, keep(hex(made, len)), signer->body);
}

static const char *sign_standard(struct hook_test *test,
                                 const struct signer *signer, bool foreign,
                                 int64_t at)
{
    const char *prefix =
        strcmp(signer->service, "resend") == 0 ? "svix" : "webhook";
    unsigned char made[64];
    char *text = format("msg_1.%lld.%s", (long long)at, signer->body);
    /* base64 of "0123456789abcdef" and of another. */
    size_t len =
        mac(EVP_sha256(),
            foreign ? SLICE("fedcba9876543210") : SLICE("0123456789abcdef"),
            text, made);

    hook_test_header(test, format("%s-id", prefix), SLICE("msg_1"));
    hook_test_header(test, format("%s-timestamp", prefix),
                     slice_cstr(format("%lld", (long long)at)));
    hook_test_header(
        test, format("%s-signature", prefix),
        slice_cstr(format("v1a,AAAA v1,%s", keep(base64(made, len)))));
    return signer->body;
}

static const char *sign_header(struct hook_test *test,
                               const struct signer *signer, bool foreign,
                               int64_t at)
{
    const char *name =
        strcmp(signer->service, "mailtrap") == 0     ? "Mailtrap-Signature"
        : strcmp(signer->service, "mailersend") == 0 ? "Signature"
                                                     : "X-Signature";
    unsigned char made[64];
    size_t len =
        mac(EVP_sha256(), secret_of(signer, foreign), signer->body, made);

    (void)at;
    hook_test_header(test, name, slice_cstr(keep(hex(made, len))));
    return signer->body;
}

static const char *sign_mandrill(struct hook_test *test,
                                 const struct signer *signer, bool foreign,
                                 int64_t at)
{
    unsigned char made[64];
    size_t len = mac(EVP_sha1(), secret_of(signer, foreign),
                     "https://hooks.example.org/mandrillmandrill_events[{"
                     "\"event\":\"spam\",\"ts\":1,\"msg\":{\"email\":\"jo@"
                     "example.org\",\"_id\":\"m1\"}}]z9",
                     made);

    (void)at;
    test->config.url = SLICE("https://hooks.example.org/mandrill");
    hook_test_header(test, "X-Mandrill-Signature",
                     slice_cstr(keep(base64(made, len))));
    return signer->body;
}

static const char *sign_unisender(struct hook_test *test,
                                  const struct signer *signer, bool foreign,
                                  int64_t at)
{
    static const char pattern[] =
        "{\"auth\":\"%s\",\"events_by_user\":[{\"events\":[{\"event_name\":"
        "\"transactional_email_status\",\"event_data\":{\"email\":"
        "\"jo@example.org\",\"status\":\"spam\",\"job_id\":\"j1\"}}]}]}";
    const struct bounce_slice key = secret_of(signer, foreign);
    char *text = format(pattern, key.ptr);
    unsigned char made[64];
    unsigned len = 0;

    (void)test;
    (void)at;
    assert_int_equal(
        EVP_Digest(text, strlen(text), made, &len, EVP_md5(), NULL), 1);
    return format(pattern, keep(hex(made, len)));
}

static const char *sign_sendgrid(struct hook_test *test,
                                 const struct signer *signer, bool foreign,
                                 int64_t at)
{
    char *stamp = format("%lld", (long long)at);
    char *text = format("%s%s", stamp, signer->body);

    hook_test_header(
        test, "X-Twilio-Email-Event-Webhook-Signature",
        slice_cstr(keep(sign(foreign ? other_ec : ec, EVP_sha256(), text))));
    hook_test_header(test, "X-Twilio-Email-Event-Webhook-Timestamp",
                     slice_cstr(stamp));
    return signer->body;
}

static const char *sign_postal(struct hook_test *test,
                               const struct signer *signer, bool foreign,
                               int64_t at)
{
    EVP_PKEY *key = foreign ? other_rsa : rsa;

    (void)at;
    hook_test_header(test, "X-Postal-Signature",
                     slice_cstr(keep(sign(key, EVP_sha1(), signer->body))));
    hook_test_header(test, "X-Postal-Signature-256",
                     slice_cstr(keep(sign(key, EVP_sha256(), signer->body))));
    return signer->body;
}

static const char *sign_postal_old(struct hook_test *test,
                                   const struct signer *signer, bool foreign,
                                   int64_t at)
{
    EVP_PKEY *key = foreign ? other_rsa : rsa;

    (void)at;
    hook_test_header(test, "X-Postal-Signature",
                     slice_cstr(keep(sign(key, EVP_sha1(), signer->body))));
    return signer->body;
}

static const char *sign_sparkpost(struct hook_test *test,
                                  const struct signer *signer, bool foreign,
                                  int64_t at)
{
    (void)at;
    hook_test_header(test, "X-MessageSystems-Webhook-Token",
                     secret_of(signer, foreign));
    return signer->body;
}

#define SECRET  SLICE("s3cret-key")
#define FOREIGN SLICE("another-key")

static const struct signer signers[] = {
    {"mailgun", true,
     "{\"event\":\"complained\",\"id\":\"e1\",\"recipient\":\"jo@example."
     "org\"}",
     SECRET, FOREIGN, sign_mailgun},
    {"resend", true,
     "{\"type\":\"email.complained\",\"data\":{\"to\":[\"jo@example.org\"]}}",
     SLICE("whsec_MDEyMzQ1Njc4OWFiY2RlZg=="), FOREIGN, sign_standard},
    {"sweego", true,
     "{\"event_type\":\"complaint\",\"recipient\":\"jo@example.org\"}",
     SLICE("MDEyMzQ1Njc4OWFiY2RlZg=="), FOREIGN, sign_standard},
    {"mailtrap", false,
     "{\"events\":[{\"event\":\"spam\",\"email\":\"jo@example.org\"}]}", SECRET,
     FOREIGN, sign_header},
    {"mailersend", false,
     "{\"type\":\"activity.spam_complaint\",\"data\":{\"email\":{\"recipient\":"
     "{\"email\":\"jo@example.org\"}}}}",
     SECRET, FOREIGN, sign_header},
    {"kumomta", false,
     "{\"type\":\"Delivery\",\"recipient\":\"jo@example.org\"}\n", SECRET,
     FOREIGN, sign_header},
    {"generic", false,
     "{\"kind\":\"complaint\",\"recipient\":\"jo@example.org\"}", SECRET,
     FOREIGN, sign_header},
    {"mandrill", false,
     "z=9&mandrill_events=%5B%7B%22event%22%3A%22spam%22%2C%22ts%22%3A1%2C%22"
     "msg%22%3A%7B%22email%22%3A%22jo%40example.org%22%2C%22_id%22%3A%22m1%22"
     "%7D%7D%5D",
     SECRET, FOREIGN, sign_mandrill},
    {"unisender_go", false, "", SECRET, FOREIGN, sign_unisender},
    {"sendgrid",
     true,
     "[{\"event\":\"spamreport\",\"email\":\"jo@example.org\",\"sg_event_id\":"
     "\"e1\"}]",
     {ec_base64, 0},
     FOREIGN,
     sign_sendgrid},
    {"postal",
     false,
     "{\"event\":\"MessageSent\",\"uuid\":\"u\",\"payload\":{\"message\":{"
     "\"to\":\"jo@example.org\"}}}",
     {rsa_pem, 0},
     FOREIGN,
     sign_postal},
    {"postal",
     false,
     "{\"event\":\"MessageSent\",\"uuid\":\"u\",\"payload\":{\"message\":{"
     "\"to\":\"jo@example.org\"}}}",
     {rsa_pem, 0},
     FOREIGN,
     sign_postal_old},
    {"sparkpost", false,
     "[{\"msys\":{\"message_event\":{\"type\":\"delivery\",\"rcpt_to\":"
     "\"jo@example.org\"}}}]",
     SECRET, FOREIGN, sign_sparkpost},
};

static struct hook_test hook;

/* Public keys are only known once they are made. */
static struct bounce_slice key_of(const struct signer *signer)
{
    return signer->key.len > 0 ? signer->key : slice_cstr(signer->key.ptr);
}

static void configure(const struct signer *signer)
{
    forget_texts();
    hook_test_service(&hook, signer->service);
    hook.config.crypto = crypto();
    hook.config.keys[0] = key_of(signer);
    hook.config.key_count = 1;
    if (strcmp(signer->service, "mandrill") == 0)
        hook.config.url = SLICE("https://hooks.example.org/mandrill");
}

static const char *signed_at(const struct signer *signer, int64_t at)
{
    configure(signer);
    return signer->sign(&hook, signer, false, at);
}

static void check_times(const struct signer *signer)
{
    check(&hook, signer->service, "299 s ago", signed_at(signer, NOW - 299),
          HOOK_SIGNED);
    check(&hook, signer->service, "299 s ahead", signed_at(signer, NOW + 299),
          HOOK_SIGNED);
    if (!signer->timed) {
        check(&hook, signer->service, "a day ago",
              signed_at(signer, NOW - 86400), HOOK_SIGNED);
        return;
    }
    check(&hook, signer->service, "301 s ago", signed_at(signer, NOW - 301),
          HOOK_OLD);
    check(&hook, signer->service, "301 s ahead", signed_at(signer, NOW + 301),
          HOOK_OLD);
    {
        const char *body = signed_at(signer, NOW - 301);

        hook.config.tolerance_s = 3600;
        check(&hook, signer->service, "301 s ago, an hour allowed", body,
              HOOK_SIGNED);
    }
}

/* Each byte of the body counts, except where only a token is signed. */
static void check_changes(const struct signer *signer)
{
    const char *body = signed_at(signer, NOW);
    size_t len = strlen(body);
    char *changed = malloc(len + 1);
    bool token = signer->sign == sign_mailgun || signer->sign == sign_sparkpost;

    assert_non_null(changed);
    for (size_t i = 0; i < len && !token; i++) {
        if (strchr("jo@example.org", body[i]) == NULL || body[i] < 'a' ||
            body[i] > 'y')
            continue;
        memcpy(changed, body, len + 1);
        changed[i]++;
        if (hook_test_read(&hook, slice_make(changed, len)) == BOUNCE_OK &&
            (hook.result.count > 0 || hook.result.trust == HOOK_SIGNED))
            fail_msg("%s: byte %zu does not count", signer->service, i);
    }
    free(changed);
}

static void test_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
        const struct signer *signer = &signers[i];
        const char *body = signed_at(signer, NOW);

        check(&hook, signer->service, "right", body, HOOK_SIGNED);
        hook.config.keys[1] = hook.config.keys[0];
        hook.config.keys[0] =
            signer->sign == sign_sendgrid   ? slice_make(ec_der, ec_der_len)
            : key_of(signer).ptr == rsa_pem ? slice_cstr(other_pem)
                                            : SLICE("b2xkIGtleQ==");
        hook.config.key_count = 2;
        check(&hook, signer->service, "by the second of two keys", body,
              HOOK_SIGNED);
        hook.config.crypto = NULL;
        if (signer->sign != sign_sparkpost)
            check(&hook, signer->service, "without the module", body,
                  HOOK_NO_KEY);

        configure(signer);
        body = signer->sign(&hook, signer, true, NOW);
        check(&hook, signer->service, "by a foreign key", body, HOOK_WRONG);

        check_times(signer);
        check_changes(signer);
    }
}

static void test_absent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
        const struct signer *signer = &signers[i];
        const char *body = signer->body;

        configure(signer);
        if (signer->sign == sign_mailgun)
            body = format("{\"event-data\":%s}", signer->body);
        if (signer->sign == sign_unisender)
            body = "{\"events_by_user\":[]}";
        check(&hook, signer->service, "absent", body, HOOK_ABSENT);
    }
}

static void test_public_keys(void **state)
{
    const struct signer *sendgrid = NULL, *postal = NULL;
    const char *body;

    (void)state;
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
        if (signers[i].sign == sign_sendgrid)
            sendgrid = &signers[i];
        if (signers[i].sign == sign_postal)
            postal = &signers[i];
    }
    assert_non_null(sendgrid);
    assert_non_null(postal);
    body = signed_at(sendgrid, NOW);
    hook.config.keys[0] = slice_cstr(ec_pem);
    check(&hook, "sendgrid", "PEM", body, HOOK_SIGNED);
    hook.config.keys[0] = slice_make(ec_der, ec_der_len);
    check(&hook, "sendgrid", "DER", body, HOOK_SIGNED);
    hook.config.keys[0] = SLICE("no key at all");
    check(&hook, "sendgrid", "no key", body, HOOK_NO_KEY);
    hook.config.keys[0] = slice_cstr(rsa_pem);
    check(&hook, "sendgrid", "a key of another kind", body, HOOK_NO_KEY);
    hook.config.keys[0] = slice_make(ec_der, ec_der_len - 1);
    check(&hook, "sendgrid", "half a key", body, HOOK_NO_KEY);
    body = signed_at(postal, NOW);
    hook.config.keys[0] = slice_cstr(ec_pem);
    check(&hook, "postal", "a key of another kind", body, HOOK_NO_KEY);
}

/* ---- Without signatures ---------------------------------------------- */

#define SPAM_BODY                                                              \
    "{\"RecordType\":\"SpamComplaint\",\"Type\":\"SpamComplaint\",\"ID\":1,"   \
    "\"Email\":\"jo@example.org\"}"

static void authorize(const char *value)
{
    hook.request.header_count = 0;
    if (value != NULL)
        hook_test_header(&hook, "authorization", slice_cstr(value));
}

static void test_access(void **state)
{
    (void)state;
    hook_test_service(&hook, "postmark");
    assert_int_equal(hook_test_read(&hook, SLICE(SPAM_BODY)), BOUNCE_OK);
    assert_int_equal(hook.result.trust, HOOK_OPEN);
    assert_int_equal(hook.result.count, 1);
    assert_int_equal(hook.result.records[0].event.verified, -1);

    hook.config.basic = SLICE("user:pass\n");
    authorize(NULL);
    check(&hook, "postmark", "no Basic", SPAM_BODY, HOOK_ABSENT);
    authorize("Bearer dXNlcjpwYXNz");
    check(&hook, "postmark", "not Basic", SPAM_BODY, HOOK_ABSENT);
    authorize("Basic dXNlcjpwYXNz");
    check(&hook, "postmark", "Basic", SPAM_BODY, HOOK_SIGNED);
    authorize("basic  dXNlcjpwYXNz");
    check(&hook, "postmark", "Basic in another case", SPAM_BODY, HOOK_SIGNED);
    authorize("Basic dXNlcjpwYXNzMg==");
    check(&hook, "postmark", "wrong Basic", SPAM_BODY, HOOK_WRONG);
    authorize("Basic ");
    check(&hook, "postmark", "empty Basic", SPAM_BODY, HOOK_ABSENT);

    hook_test_service(&hook, "postmark");
    hook.config.bearer = SLICE("token");
    check(&hook, "postmark", "no token", SPAM_BODY, HOOK_ABSENT);
    authorize("Bearer token");
    check(&hook, "postmark", "token", SPAM_BODY, HOOK_SIGNED);
    authorize("Bearer tokem");
    check(&hook, "postmark", "wrong token", SPAM_BODY, HOOK_WRONG);

    hook_test_service(&hook, "postmark");
    hook.config.url_secret = SLICE("abc");
    check(&hook, "postmark", "no secret", SPAM_BODY, HOOK_ABSENT);
    hook.request.url_secret = SLICE("abd");
    check(&hook, "postmark", "wrong secret", SPAM_BODY, HOOK_WRONG);
    hook.request.url_secret = SLICE("abc");
    check(&hook, "postmark", "secret", SPAM_BODY, HOOK_SIGNED);
    hook.config.basic = SLICE("user:pass");
    check(&hook, "postmark", "one of two", SPAM_BODY, HOOK_ABSENT);
}

/* A refused request learns nothing of what is wrong with its body. */
static void test_silence(void **state)
{
    (void)state;
    hook_test_service(&hook, "mailgun");
    hook.config.basic = SLICE("user:pass");
    assert_int_equal(hook_test_read(&hook, SLICE("{broken")), BOUNCE_OK);
    assert_int_equal(hook.result.trust, HOOK_ABSENT);
    assert_null(hook.result.flaw);
}

static void test_configuration(void **state)
{
    static const struct {
        const char *service;
        const char *key, *topics, *map;
        bool signed_only, fine;
    } rows[] = {
        {"postmark", NULL, NULL, NULL, false, true},
        {"postmark", "key", NULL, NULL, false, false},
        {"Unisender-Go", "key", NULL, NULL, false, true},
        {"nobody", NULL, NULL, NULL, false, false},
        {"mandrill", "key", NULL, NULL, false, false},
        {"mailgun", " \n", NULL, NULL, false, false},
        {"ses", NULL, NULL, NULL, true, false},
        {"ses", NULL, "arn:x", NULL, true, true},
        {"ses", "key", "arn:x", NULL, false, false},
        {"generic", NULL, NULL, "Recipient: to\nOtherwise: bounce\n", false,
         true},
        {"generic", NULL, NULL, "Recipient: to\n", false, false},
        {"generic", NULL, NULL, "Event: e\nWord: a = bounce\n", false, false},
        {"generic", NULL, NULL, "Recipient: to\nEvent: e\nWord: a = b\n", false,
         false},
        {"generic", NULL, NULL, "Recipient: to\nEvent: e\nWord: a\n", false,
         false},
        {"generic", NULL, NULL, "Recipient: to\nEvent: e\nWord: = bounce\n",
         false, false},
        {"generic", NULL, NULL, "Recipient: to\nOtherwise: bounce purple\n",
         false, false},
        {"generic", NULL, NULL, "Recipient: to\nHallo: x\n", false, false},
        {"generic", NULL, NULL, "no map\n", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *flaw;

        hook_test_service(&hook, rows[i].service);
        if (rows[i].key != NULL) {
            hook.config.keys[0] = slice_cstr(rows[i].key);
            hook.config.key_count = 1;
        }
        hook.config.topics = slice_cstr(rows[i].topics);
        hook.config.map = slice_cstr(rows[i].map);
        hook.config.signed_only = rows[i].signed_only;
        flaw = hook_config_flaw(&hook.config, &hook.arena);
        if ((flaw == NULL) != rows[i].fine)
            fail_msg("row %zu: %s", i, flaw != NULL ? flaw : "no flaw");
        if (flaw != NULL) {
            assert_int_equal(hook_test_read(&hook, SLICE("{}")), BOUNCE_E_ARG);
            assert_string_equal(hook.result.why, flaw);
        }
    }
}

/* ---- The map of docs/webhooks.md ------------------------------------- */

static const char map[] =
    "Items: data.events\nEvent: type\nWord: message.bounced = bounce hard\n"
    "Word: message.soft = bounce soft temporary\n"
    "Word: message.blocked = suppressed for-bounce\n"
    "Word: message.opened = none\nRecipient: to.address\nText: smtp.reply\n"
    "Time: at\nId: id\nMessage: message.id\n"
    "Signature: X-Hub-Signature-256\n";

static const char mapped[] =
    "{\"data\":{\"events\":[{\"type\":\"message.bounced\",\"id\":\"1\","
    "\"at\":1772530200,\"to\":{\"address\":\"jo@example.org\"},\"smtp\":{"
    "\"reply\":\"550 5.1.1 user unknown\"},\"message\":{\"id\":77}},"
    "{\"type\":\"message.soft\",\"to\":{\"address\":\"al@example.org\"}},"
    "{\"type\":\"message.blocked\",\"to\":{\"address\":\"al@example.org\"}},"
    "{\"type\":\"message.opened\"},{\"type\":\"message.new\"}]}}";

static void test_map(void **state)
{
    const struct record *records;
    unsigned char made[64];
    size_t len = mac(EVP_sha256(), SECRET, mapped, made);

    (void)state;
    forget_texts();
    hook_test_service(&hook, "generic");
    hook.config.crypto = crypto();
    hook.config.map = SLICE(map);
    hook.config.keys[0] = SECRET;
    hook.config.key_count = 1;
    hook_test_header(&hook, "x-hub-signature-256",
                     slice_cstr(format("sha256=%s", keep(hex(made, len)))));
    assert_int_equal(hook_test_read(&hook, slice_cstr(mapped)), BOUNCE_OK);
    assert_int_equal(hook.result.trust, HOOK_SIGNED);
    assert_int_equal(hook.result.items, 5);
    assert_int_equal(hook.result.passed, 1);
    assert_int_equal(hook.result.unknown, 1);
    assert_int_equal(hook.result.count, 3);
    records = hook.result.records;
    assert_int_equal(records[0].service_class, BOUNCE_CLASS_HARD);
    assert_int_equal(records[0].event.permanent, 1);
    assert_int_equal(records[0].event.occurred_at, 1772530200);
    assert_true(slice_eq(records[0].event.queue_id, SLICE("77")));
    assert_true(slice_eq(records[0].event.report_id, SLICE("1")));
    assert_true(slice_eq(records[0].event.category, SLICE("user_unknown")));
    assert_int_equal(records[1].event.permanent, 0);
    assert_int_equal(records[1].service_class, BOUNCE_CLASS_SOFT);
    assert_true(slice_eq(records[2].event.category, SLICE("suppressed")));
    assert_true(
        slice_eq(records[2].event.signals.suppressed_for, SLICE("bounce")));
    /* The list is where the map says, or nowhere. */
    hook.config.key_count = 0;
    assert_int_equal(hook_test_read(&hook, SLICE("{\"events\":[]}")),
                     BOUNCE_OK);
    assert_non_null(hook.result.flaw);
    /* Otherwise. */
    hook.config.map = SLICE("Recipient: r\nOtherwise: complaint\n");
    assert_int_equal(hook_test_read(&hook, SLICE("{\"r\":\"jo@example.org\"}")),
                     BOUNCE_OK);
    assert_int_equal(hook.result.count, 1);
    assert_int_equal(hook.result.records[0].event.kind, BOUNCE_KIND_FEEDBACK);
}

static void test_ceiling(void **state)
{
    (void)state;
    hook_test_service(&hook, "postmark");
    hook.config.max_body = 10;
    assert_int_equal(hook_test_read(&hook, SLICE(SPAM_BODY)), BOUNCE_OK);
    assert_true(hook.result.too_large);
    assert_non_null(hook.result.flaw);
    assert_int_equal(hook.result.count, 0);
}

static int open_hook(void **state)
{
    hook_test_init(&hook);
    return make_keys(state);
}

static int close_hook(void **state)
{
    forget_texts();
    hook_test_clear(&hook);
    return free_keys(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_public_keys),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_ceiling),
    };

    return cmocka_run_group_tests(tests, open_hook, close_hook);
}
