/* SPDX-License-Identifier: MIT
 * RFC 3464 and 6533 in all the ways it is written. */
#include "report_fixture.h"

#define HEAD                                                                   \
    "Return-Path: <>\n"                                                        \
    "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\n"              \
    "To: list@example.net\n"                                                   \
    "Subject: Undelivered Mail Returned to Sender\n"                           \
    "Message-ID: <r1@mx.example.net>\n"                                        \
    "MIME-Version: 1.0\n"                                                      \
    "Content-Type: multipart/report; report-type=delivery-status; "            \
    "boundary=B\n\n"
#define STATUS "--B\nContent-Type: message/delivery-status\n\n"
#define RETURNED                                                               \
    "\n--B\nContent-Type: message/rfc822\n\n"                                  \
    "Return-Path: <list@example.net>\nMessage-ID: <o1@example.net>\n"          \
    "From: List <list@example.net>\nTo: ann@example.org\n"                     \
    "Subject: News\nDate: Sat, 21 Nov 2026 10:00:00 +0100\n\nHi\n--B--\n"

static const struct report_row rows[] = {
    {"postfix",
     HEAD "--B\n\nThis is the mail system at host mx.example.net.\n\n"
          "<ann@example.org>: host mx.example.org[192.0.2.1] said: 550\n"
          "    5.1.1 gone (in reply to RCPT TO command)\n\n" STATUS
          "Reporting-MTA: dns; mx.example.net\n"
          "X-Postfix-Queue-ID: 4ABC\n\n"
          "Final-Recipient: rfc822; ann@example.org\n"
          "Original-Recipient: rfc822;ann@example.org\n"
          "Action: failed\nStatus: 5.1.1\n"
          "Remote-MTA: dns; mx.example.org\n"
          "Diagnostic-Code: smtp; 550 5.1.1 gone\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", 550, "postfix", "gone",
       BOUNCE_STAGE_RCPT, "mx.example.org", "-", false,
       BOUNCE_FROM_FINAL_RECIPIENT}}},
    {"several recipients, each with its action",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Final-Recipient: rfc822; ann@example.org\nAction: failed\n"
                 "Status: 5.2.2\n\n"
                 "Final-Recipient: rfc822; bob@example.org\nAction: delayed\n"
                 "Status: 4.4.1\n\n"
                 "Final-Recipient: rfc822; cy@example.org\nAction: relayed\n"
                 "Status: 2.0.0\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.2.2", .reply_code = 0},
      {BOUNCE_KIND_DELAY, "bob@example.org", "4.4.1", .reply_code = 0},
      {BOUNCE_KIND_DELIVERY, "cy@example.org", "2.0.0", .reply_code = 0}}},
    {"no blank lines between the groups",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n"
                 "Final-Recipient: rfc822; ann@example.org\nAction: failed\n"
                 "Status: 5.1.1\n"
                 "Final-Recipient: rfc822; bob@example.org\nAction: failed\n"
                 "Status: 5.1.2\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", .reply_code = 0},
      {BOUNCE_KIND_BOUNCE, "bob@example.org", "5.1.2", .reply_code = 0}}},
    {"the same recipient twice gives one event",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Final-Recipient: rfc822; ann@example.org\nAction: failed\n"
                 "Status: 5.1.1\n\n"
                 "Final-Recipient: rfc822; ANN@example.org\nAction: failed\n"
                 "Status: 5.1.1\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", .reply_code = 0}}},
    {"no action: the status decides",
     HEAD STATUS
     "Reporting-MTA: dns; mx.example.net\n\n"
     "Final-Recipient: rfc822; ann@example.org\nStatus: 2.0.0\n" RETURNED,
     {{BOUNCE_KIND_DELIVERY, "ann@example.org", "2.0.0", .reply_code = 0}}},
    {"forwarded: both recipients are kept",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Original-Recipient: rfc822;ann@example.org\n"
                 "Final-Recipient: rfc822;bob@example.com\nAction: failed\n"
                 "Status: 5.1.1\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "bob@example.com", "5.1.1", 0, 0, 0,
       BOUNCE_STAGE_NONE, 0, "ann@example.org", false,
       BOUNCE_FROM_FINAL_RECIPIENT}}},
    {"address of a store, made from the real one",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Original-Recipient: rfc822;ann@example.org\n"
                 "Final-Recipient: rfc822;@smtp.example.org:ann@server\n"
                 "Action: failed\nStatus: 5.2.0 (LMTP failure)\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.2.0", .reply_code = 0}}},
    {"pipe: the recipient is what it was called for",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Final-Recipient: rfc822;|/usr/bin/prog ann@example.org /x\n"
                 "Action: failed\nStatus: 5.0.0\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.0.0", .reply_code = 0}}},
    {"xtext and utf-8",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Final-Recipient: utf-8; a\\x{E9}n+2B1@example.org\n"
                 "Action: failed\nStatus: 5.1.1\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "a\303\251n+1@example.org", "5.1.1",
       .reply_code = 0}}},
    {"plain plus is no xtext",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Final-Recipient: rfc822; ann+2B1@example.org\n"
                 "Action: failed\nStatus: 5.1.1\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann+2B1@example.org", "5.1.1", .reply_code = 0}}},
    {"the quoted reply overrules the status field",
     HEAD STATUS
     "Reporting-MTA: dns; mx.example.net\n\n"
     "Final-Recipient: rfc822; ann@example.org\nAction: failed\n"
     "Status: 4.4.7\nDiagnostic-Code: smtp; 452 4.2.2 full\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "4.2.2", 452,
       .diagnostic = "452 4.2.2 full", .expired = true}}},
    {"exim says 5.0.0, its text says more",
     "X-Failed-Recipients: ann@example.org\nAuto-Submitted: auto-replied\n"
     "From: Mail Delivery System <Mailer-Daemon@mx.example.net>\n"
     "Subject: Mail delivery failed: returning message to sender\n"
     "Content-Type: multipart/report; boundary=B\n\n"
     "--B\nContent-type: text/plain\n\n"
     "This message was created automatically by mail delivery software.\n\n"
     "A message that you sent could not be delivered to one or more of its\n"
     "recipients. This is a permanent error. The following address(es) "
     "failed:\n\n  ann@example.org\n    host mx.example.org [192.0.2.1]\n"
     "    SMTP error from remote mail server after RCPT "
     "TO:<ann@example.org>:\n    550-5.1.1 The account\n"
     "    550 5.1.1 is gone\n\n" STATUS
     "Reporting-MTA: dns; mx.example.net\n\nAction: failed\n"
     "Final-Recipient: rfc822;ann@example.org\nStatus: 5.0.0\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", 550, "exim",
       "The account", BOUNCE_STAGE_RCPT, .remote_mta = "mx.example.org"}}},
    {"sendmail's exit status, explained by its transcript",
     "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>\n"
     "Subject: Returned mail: see transcript for details\n"
     "Content-Type: multipart/report; boundary=B\n\n--B\n\n"
     "The original message was received at Sat, 21 Nov 2026\n\n"
     "   ----- The following addresses had permanent fatal errors -----\n"
     "\"|/home/ann/catch\"\n    (reason: 255)\n"
     "    (expanded from: <ann@example.org>)\n\n"
     "   ----- Transcript of session follows -----\n"
     "554 5.3.0 unknown mailer error 255\n\n" STATUS
     "Reporting-MTA: dns; mx.example.net\n\n"
     "Final-Recipient: RFC822; ann@example.org\nAction: failed\n"
     "Status: 5.0.0\nDiagnostic-Code: X-Unix; 255\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.3.0", 554,
       .written_by = "sendmail"}}},
    {"fields in plain text",
     "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\n"
     "Subject: Delivery Status Notification (Failure)\n\n"
     "An error occurred while trying to deliver the mail to the following "
     "recipients:\nann@example.org\n\nTechnical report:\n\n"
     "Reporting-MTA: dsn; mx.example.net\n\nAction: failed\n"
     "Final-Recipient: rfc822; ann@example.org\n"
     "Diagnostic-Code: smtp; 550 5.1.1 gone\nStatus: 5.1.1\n",
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", 550,
       .written_by = "amazonses"}}},
    {"sendgrid's own action and no type",
     HEAD STATUS
     "X-SendGrid-QueueID: 1\nArrival-Date: 2012-10-31 04-46-42\n\n"
     "Final-Recipient: rfc822; ann@example.org\nAction: expired\nStatus: \n"
     "Diagnostic-Code: 451 later\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "-", 451, .expired = true}}},
    {"exchange 2003's own field",
     HEAD STATUS
     "Reporting-MTA: dns; mx.example.net\n\n"
     "Final-Recipient: rfc822; ann@example.org\nAction: failed\n"
     "Status: 5.0.0\nX-Supplementary-Info: <mx.example.org #5.1.1 smtp;550 "
     "5.1.1 gone>\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1", 550,
       .diagnostic = "gone"}}},
    {"fields and no address",
     HEAD STATUS "Reporting-MTA: dns; mx.example.net\n\n"
                 "Final-Recipient: x400; /C=de/S=ann/\nAction: failed\n"
                 "Status: 5.1.1\n" RETURNED,
     {{BOUNCE_KIND_BOUNCE, "ann@example.org", "5.1.1",
       .from = BOUNCE_FROM_RETURNED_MESSAGE}}},
};

static void test_rows(void **state)
{
    (void)state;
    CHECK_ROWS(rows);
}

/* What comes from the returned message and from both headers. */
static void test_facts(void **state)
{
    struct fixture fixture;
    struct report report;
    const struct bounce_event *e;

    (void)state;
    report_fixture_init(&fixture, allocator_default());
    assert_true(
        report_fixture_read(&fixture, slice_cstr(rows[0].message), &report));
    e = &report.events[0].event;
    check_slice("message id", e->message_id, "<o1@example.net>");
    check_slice("report id", e->report_id, "<r1@mx.example.net>");
    check_slice("sender", e->sender, "list@example.net");
    check_slice("subject", e->subject, "News");
    check_slice("reporting mta", e->reporting_mta, "mx.example.net");
    check_slice("queue id", e->queue_id, "4ABC");
    check_slice("format", e->format, "rfc3464");
    assert_int_equal(e->sent_at, 1795251600);
    assert_int_equal(e->permanent, 1);
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
