/* SPDX-License-Identifier: MIT
 * Wrappers: a table, because each mail system has its own words and nothing
 * else differs. Adding one means adding a line. */
#include "report/reply_wraps.h"

#define S(x)    BOUNCE_STAGE_##x
#define TEXT(x) x, sizeof(x) - 1

/* Sorted by byte value, so that entries with the same first four bytes stand
 * together. Where one entry begins another the longer one wins. The mail system
 * stands behind each line. */
const struct reply_wrap REPLY_WRAPS[] = {
    {TEXT("' (delivery attempts:"), WRAP_TAIL, S(NONE)}, /* ironport, ses */
    {TEXT("(delivery attempts:"), WRAP_TAIL, S(NONE)},   /* ironport, ses */
    {TEXT("(error following "), WRAP_STAGE, S(NONE)},    /* x6 */
    {TEXT("(in reply to "), WRAP_TAIL | WRAP_STAGE, S(NONE)}, /* postfix */
    {TEXT("(last transfail: "), WRAP_OPEN | WRAP_EXPIRED, S(NONE)},
    {TEXT("(other mxes tried:"), WRAP_TAIL, S(NONE)}, /* qmail patch */
    {TEXT("(reason: "), WRAP_OPEN, S(NONE)},          /* sendmail */
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
    {TEXT("callout verification failed: "), WRAP_OPEN | WRAP_ASKED,
     S(NONE)}, /* exim */
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
    {TEXT("recipient address rejected: undeliverable address: "), WRAP_ASKED,
     S(NONE)}, /* postfix */
    {TEXT("recipient address rejected: unverified address: "), WRAP_ASKED,
     S(NONE)},
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
    {TEXT("sender address rejected: undeliverable address: "), WRAP_ASIDE,
     S(MAIL)}, /* postfix */
    {TEXT("sender address rejected: unverified address: "), WRAP_ASIDE,
     S(MAIL)},
    {TEXT("sent <<< "), WRAP_STAGE, S(NONE)}, /* interscan */
    {TEXT("server "), WRAP_HOST, S(NONE)},    /* mailfoundry */
    {TEXT("server <"), WRAP_HOST, S(NONE)},   /* x6 */
    {TEXT("server at "), WRAP_HOST, S(NONE)}, /* exchange */
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
    {TEXT("with the following error message: "), WRAP_OPEN, S(NONE)}, /* x6 */
    {NULL, 0, 0, S(NONE)}};

#undef TEXT
#undef S
