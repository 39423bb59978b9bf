/* SPDX-License-Identifier: MIT
 * The envelope of Amazon SNS: signatures of both versions, certificates and where
 * they come from, topics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <time.h>

#include "hook_keys.h"

#define NOW HOOK_TEST_NOW

static struct hook_test hook;

#define TOPIC "arn:aws:sns:eu-west-1:000000000000:bounces"
#define CERT_URL                                                               \
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-00ff.pem"
#define COMPLAINT                                                              \
    "{\\\"eventType\\\":\\\"Complaint\\\",\\\"complaint\\\":{"                 \
    "\\\"complainedRecipients\\\":[{\\\"emailAddress\\\":\\\"jo@example.org"   \
    "\\\"}],\\\"feedbackId\\\":\\\"f1\\\"}}"

static char *unescape(const char *json)
{
    char *text = malloc(strlen(json) + 1), *out = text;

    assert_non_null(text);
    for (const char *at = json; *at != '\0'; at++) {
        if (*at == '\\')
            at++;
        *out++ = *at;
    }
    *out = '\0';
    return keep(text);
}

/* An envelope of that signature version, signed by key at that time. */
static const char *envelope(EVP_PKEY *key, const char *version, int64_t at,
                            const char *topic, const char *url)
{
    const EVP_MD *digest = version[0] == '1' ? EVP_sha1() : EVP_sha256();
    struct tm parts;
    time_t when = (time_t)at;
    char stamp[32];
    char *text;

    assert_non_null(gmtime_r(&when, &parts));
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    text = format("Message\n%s\nMessageId\nid-1\nSubject\nA "
                  "subject\nTimestamp\n%s\nTopicArn\n%s\nType\nNotification\n",
                  unescape(COMPLAINT), stamp, topic);
    return format("{\"Type\":\"Notification\",\"MessageId\":\"id-1\","
                  "\"TopicArn\":\"%s\",\"Subject\":\"A subject\",\"Message\":"
                  "\"%s\",\"Timestamp\":\"%s\",\"SignatureVersion\":\"%s\","
                  "\"Signature\":\"%s\",\"SigningCertURL\":\"%s\"}",
                  topic, COMPLAINT, stamp, version,
                  keep(sign(key, digest, text)), url);
}

static void configure_sns(void)
{
    forget_texts();
    hook_test_service(&hook, "ses");
    hook.config.crypto = crypto();
    hook.config.signed_only = true;
    hook.config.topics = SLICE("arn:aws:sns:eu-west-1:1:x, " TOPIC);
    hook.config.certificate = slice_cstr(certificate);
    hook.config.certificate_url = SLICE(CERT_URL);
}

static void test_sns(void **state)
{
    const char *body;

    (void)state;
    for (int version = 1; version <= 2; version++) {
        const char *name = version == 1 ? "1" : "2";

        configure_sns();
        check(&hook, "ses", "right", envelope(rsa, name, NOW, TOPIC, CERT_URL),
              HOOK_SIGNED);
        check(&hook, "ses", "another's certificate",
              envelope(other_rsa, name, NOW, TOPIC, CERT_URL), HOOK_WRONG);
        check(&hook, "ses", "301 s ago",
              envelope(rsa, name, NOW - 301, TOPIC, CERT_URL), HOOK_OLD);
        check(&hook, "ses", "a foreign topic",
              envelope(rsa, name, NOW, TOPIC "2", CERT_URL), HOOK_WRONG);
    }
    configure_sns();
    body = envelope(rsa, "2", NOW, TOPIC, CERT_URL);
    hook.config.certificate = slice_cstr(old_certificate);
    check(&hook, "ses", "an outdated certificate", body, HOOK_NO_KEY);
    hook.config.certificate = slice_cstr(other_certificate);
    check(&hook, "ses", "a foreign certificate", body, HOOK_WRONG);
    hook.config.certificate = SLICE("-----BEGIN CERTIFICATE-----\nAAAA\n");
    check(&hook, "ses", "no certificate", body, HOOK_NO_KEY);
    check(&hook, "ses", "version 3", envelope(rsa, "3", NOW, TOPIC, CERT_URL),
          HOOK_WRONG);
    check(&hook, "ses", "raw",
          "{\"eventType\":\"Complaint\",\"complaint\":{"
          "\"complainedRecipients\":[{\"emailAddress\":\"jo@example.org\"}]}}",
          HOOK_ABSENT);
    check(&hook, "ses", "unsigned",
          "{\"Type\":\"Notification\",\"Message\":\"{}\",\"TopicArn\":\"" TOPIC
          "\"}",
          HOOK_ABSENT);
}

static void test_sns_certificate(void **state)
{
    static const char *const bad[] = {
        "https://sns.eu-west-1.amazonaws.com.example.org/"
        "SimpleNotificationService-1.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.s3.amazonaws.com/x/SimpleNotificationService-1.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/"
        "SimpleNotificationService-1.pem",
        "https://a@sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.txt",
        "https://sns.eu-west-1.amazonaws.com/a/"
        "SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com/"
        "SimpleNotificationService-1.pem?x=.pem",
        "https://sns.a.b.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns..amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.amazonaws.com/SimpleNotificationService-1.pem",
        "file:///SimpleNotificationService-1.pem",
    };

    (void)state;
    configure_sns();
    hook.config.certificate = SLICE_NULL;
    check(&hook, "ses", "not fetched", envelope(rsa, "2", NOW, TOPIC, CERT_URL),
          HOOK_NO_KEY);
    assert_int_equal(hook.result.action, HOOK_FETCH_CERTIFICATE);
    assert_true(slice_eq(hook.result.action_url, SLICE(CERT_URL)));
    /* Nothing is fetched for topics of others. */
    configure_sns();
    hook.config.certificate = SLICE_NULL;
    check(&hook, "ses", "not fetched, a foreign topic",
          envelope(rsa, "2", NOW, TOPIC "2", CERT_URL), HOOK_WRONG);
    assert_int_equal(hook.result.action, HOOK_NOTHING);
    configure_sns();
    hook.config.certificate_url = SLICE("https://sns.eu-west-1.amazonaws.com/"
                                        "SimpleNotificationService-other.pem");
    check(&hook, "ses", "another one fetched",
          envelope(rsa, "2", NOW, TOPIC, CERT_URL), HOOK_NO_KEY);
    assert_int_equal(hook.result.action, HOOK_FETCH_CERTIFICATE);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        configure_sns();
        hook.config.certificate = SLICE_NULL;
        check(&hook, "ses", bad[i], envelope(rsa, "2", NOW, TOPIC, bad[i]),
              HOOK_WRONG);
        assert_int_equal(hook.result.action, HOOK_NOTHING);
        /* Nor when somebody configured it so. */
        configure_sns();
        hook.config.certificate_url = slice_cstr(bad[i]);
        check(&hook, "ses", bad[i], envelope(rsa, "2", NOW, TOPIC, bad[i]),
              HOOK_WRONG);
    }
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
        cmocka_unit_test(test_sns),
        cmocka_unit_test(test_sns_certificate),
    };

    return cmocka_run_group_tests(tests, open_hook, close_hook);
}
