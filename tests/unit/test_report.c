/* SPDX-License-Identifier: MIT
 * What kind of message it is, and that ordinary mail is none. */
#include <stdio.h>

#include "report_fixture.h"

#define FEEDBACK(type, fields)                                                 \
    "From: fbl@example.org\nSubject: Report\n"                                 \
    "Content-Type: multipart/report; report-type=feedback-report; "            \
    "boundary=B\n\n--B\n\nThis is a report.\n\n--B\n"                          \
    "Content-Type: message/feedback-report\n\n"                                \
    "Feedback-Type: " type "\nUser-Agent: x/1\nVersion: 1\n" fields            \
    "\n--B\nContent-Type: message/rfc822\n\n"                                  \
    "Message-ID: <o1@example.net>\nFrom: list@example.net\n"                   \
    "To: ann@example.org\nSubject: News\nFeedback-ID: 1:2:3:x\n\nHi\n--B--\n"

static const struct report_row rows[] = {
    {"complaint",
     FEEDBACK("abuse", "Original-Rcpt-To: <bob@example.org>\n"),
     {{BOUNCE_KIND_FEEDBACK, "bob@example.org", .from = BOUNCE_FROM_FEEDBACK}}},
    {"complaint about several",
     FEEDBACK("abuse", "Original-Rcpt-To: bob@example.org\n"
                       "Original-Rcpt-To: cy@example.org\n"),
     {{BOUNCE_KIND_FEEDBACK, "bob@example.org", .reply_code = 0},
      {BOUNCE_KIND_FEEDBACK, "cy@example.org", .reply_code = 0}}},
    {"complaint without a recipient",
     FEEDBACK("abuse", ""),
     {{BOUNCE_KIND_FEEDBACK, "ann@example.org",
       .from = BOUNCE_FROM_RETURNED_MESSAGE}}},
    {"not spam",
     FEEDBACK("not-spam", ""),
     {{BOUNCE_KIND_FEEDBACK, "ann@example.org", .reply_code = 0}}},
    {"opt-out",
     FEEDBACK("opt-out", "Removal-Recipient: bob@example.org\n"),
     {{BOUNCE_KIND_UNSUBSCRIBE, "bob@example.org",
       .from = BOUNCE_FROM_FEEDBACK}}},
    {"failure report in plain text",
     "From: no-reply@mx.example.org\nAuto-Submitted: auto-replied\n"
     "Subject: DMARC Forensic Report for example.net from IP 192.0.2.1\n\n"
     "A message claiming to be from you has failed the published DMARC "
     "policy for your domain.\n",
     {{BOUNCE_KIND_FEEDBACK, .reply_code = 0}}},
    {"automatic answer",
     "From: Ann <ann@example.org>\nTo: list@example.net\n"
     "Auto-Submitted: auto-replied\nSubject: Away\nIn-Reply-To: "
     "<o1@example.net>\n\nI am away.\n",
     {{BOUNCE_KIND_AUTO_REPLY, "ann@example.org", .from = BOUNCE_FROM_AUTHOR}}},
    {"automatic answer by its subject",
     "Return-Path: <>\nFrom: ann@example.org\n"
     "Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_News?=\n\nOui.\n",
     {{BOUNCE_KIND_AUTO_REPLY, "ann@example.org", .reply_code = 0}}},
    {"challenge",
     "From: ann@example.org\nX-Boxtrapper: 1\nSubject: Your message\n\n"
     "Please confirm.\n",
     {{BOUNCE_KIND_CHALLENGE, "ann@example.org", .reply_code = 0}}},
    {"one click to unsubscribe",
     "From: ann@example.org\nX-Apple-Unsubscribe: true\n"
     "Subject: unsubscribe\n\nunsubscribe\n",
     {{BOUNCE_KIND_UNSUBSCRIBE, "ann@example.org", .reply_code = 0}}},
    {"read receipt",
     "From: ann@example.org\nSubject: Read: News\n"
     "Content-Type: multipart/report; report-type=disposition-notification; "
     "boundary=B\n\n--B\n\nYour message was read on Monday.\n\n--B\n"
     "Content-Type: message/disposition-notification\n\n"
     "Final-Recipient: rfc822;ann@example.org\n"
     "Disposition: manual-action/MDN-sent-manually; displayed\n\n--B--\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"refusal by Sieve is a bounce though it comes as a receipt",
     "From: Mail Delivery Subsystem <postmaster@example.org>\n"
     "Auto-Submitted: auto-replied (rejected)\nSubject: Rejected: News\n"
     "Content-Type: multipart/report; report-type=disposition-notification; "
     "boundary=B\n\n--B\n\nYour message to <ann@example.org> was "
     "automatically rejected:\nNo thanks.\n\n--B\n"
     "Content-Type: message/disposition-notification\n\n"
     "Final-Recipient: rfc822; ann@example.org\nDisposition: "
     "automatic-action/MDN-sent-automatically; deleted\n\n--B--\n",
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", .written_by = "dovecot",
       .diagnostic = "No thanks"}}},
    {"a gateway forwards a whole report",
     "Return-Path: <MAILER-DAEMON@gw.example.net>\n"
     "From: MAILER-DAEMON@gw.example.net\nSubject: Returned mail\n"
     "Content-Type: multipart/mixed; boundary=A\n\n--A\n\nSee below.\n\n"
     "--A\nContent-Type: message/rfc822\n\n"
     "From: MAILER-DAEMON@mx.example.net\n"
     "Content-Type: multipart/report; report-type=delivery-status; "
     "boundary=B\n\n--B\n\nFailed.\n\n--B\n"
     "Content-Type: message/delivery-status\n\n"
     "Reporting-MTA: dns; mx.example.net\n\n"
     "Final-Recipient: rfc822; ann@example.org\nAction: failed\n"
     "Status: 5.1.1\n\n--B--\n\n--A--\n",
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", .reply_code = 0}}},
    {"notification of SES by mail",
     "From: no-reply@sns.example.com\nX-Amz-Sns-Message-Id: 1\n"
     "Subject: Notification\n\n"
     "{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":"
     "\"Permanent\",\"bouncedRecipients\":[{\"emailAddress\":"
     "\"ann@example.org\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; "
     "550 5.1.1 \\u0067one\"},{\"emailAddress\":\"bob@example.org\"}]},"
     "\"mail\":{\"source\":\"list@example.net\"}}\n",
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", 550,
       .diagnostic = "gone"},
      {BOUNCE_KIND_BOUNCE, "bob@example.org", .reply_code = 0}}},
    {"ordinary mail",
     "From: ann@example.org\nTo: bob@example.org\nSubject: Hello\n\nHi Bob\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"talk about bounces",
     "From: ann@example.org\nTo: bob@example.org\n"
     "Subject: Re: Undelivered Mail Returned to Sender\n\n"
     "This is the mail system at host mx.example.net.\n\n"
     "<cy@example.org>: 550 5.1.1 gone\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"list mail that quotes a bounce",
     "From: ann@example.org\nList-Id: <postfix.example.org>\n"
     "Subject: Mail delivery failed\n\nI get: 550 5.1.1 gone, could not be "
     "delivered to <cy@example.org>: why?\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"mail about a delayed meeting, by the same provider",
     "Received: from a.prod.outlook.com by b.prod.outlook.com\n"
     "From: ann@example.org\nSubject: Delayed: meeting\n\nAt noon then.\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"a parcel is delayed",
     "Return-Path: <bounce@example.org>\nFrom: news@example.org\n"
     "Subject: Delivery delayed: your order\n\nYour parcel delivery is "
     "delayed. 550 items.\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"a parcel comes back, says the postmaster",
     "From: postmaster@example.org\nSubject: Delivery report of your parcel\n"
     "\nThe parcel could not be delivered.\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"postmaster writes in person",
     "From: postmaster@example.org\nTo: bob@example.org\n"
     "Subject: Maintenance\n\nWe restart the mail system at noon.\n",
     {{BOUNCE_KIND_NONE, .reply_code = 0}}},
    {"nothing at all", "", {{BOUNCE_KIND_NONE, .reply_code = 0}}},
};

static void test_rows(void **state)
{
    (void)state;
    CHECK_ROWS(rows);
}

/* One event for each recipient up to the ceiling, then a warning. */
static void test_ceiling(void **state)
{
    static const char head[] =
        "From: MAILER-DAEMON@mx.example.net\nContent-Type: multipart/report; "
        "report-type=delivery-status; boundary=B\n\n--B\n"
        "Content-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.net\n\n";
    struct fixture fixture;
    struct report report;
    char *text = malloc(100000);
    size_t n = sizeof(head) - 1;

    (void)state;
    assert_non_null(text);
    memcpy(text, head, n);
    for (int i = 0; i < 500; i++)
        n += (size_t)snprintf(text + n, 100000 - n,
                              "Final-Recipient: rfc822; u%d@example.org\n"
                              "Action: failed\nStatus: 5.1.1\n\n",
                              i);
    report_fixture_init(&fixture, allocator_default());
    assert_true(report_fixture_read(&fixture, slice_make(text, n), &report));
    assert_int_equal(report.count, 100);
    check_slice("last", report.events[99].event.recipient, "u99@example.org");
    fixture_clear(&fixture);
    free(text);
}

/* Facts of a complaint. */
static void test_feedback_facts(void **state)
{
    static const char text[] = FEEDBACK(
        "not-spam", "Source-IP: 192.0.2.9\nOriginal-Mail-From: <b@example.net>"
                    "\nArrival-Date: Sat, 21 Nov 2026 10:00:00 +0100\n");
    struct fixture fixture;
    struct report report;
    const struct bounce_event *e;

    (void)state;
    report_fixture_init(&fixture, allocator_default());
    assert_true(report_fixture_read(&fixture, slice_cstr(text), &report));
    e = &report.events[0].event;
    check_slice("type", e->feedback_type, "not-spam");
    check_slice("ip", e->signals.sender_ip, "192.0.2.9");
    check_slice("sender", e->sender, "b@example.net");
    check_slice("feedback id", e->feedback_id, "1:2:3:x");
    check_slice("format", e->format, "rfc5965");
    assert_int_equal(e->occurred_at, 1795251600);
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_feedback_facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
