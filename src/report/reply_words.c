/* SPDX-License-Identifier: MIT */
#include "report/reply_words.h"

const struct bounce_slice REPLY_CODE_WORDS[] = {
    {"error", 5}, {"code", 4}, {"reply", 5},       {"status", 6}, {"result", 6},
    {"smtp", 4},  {"with", 4}, {"error code", 10}, {NULL, 0}};

const struct bounce_slice REPLY_PRODUCTS[] = {
    {"version", 7}, {"ver", 3},     {"v", 1},        {"release", 7},
    {"exim", 4},    {"postfix", 7}, {"sendmail", 8}, {"rfc", 3},
    {"section", 7}, {"rev", 3},     {"build", 5},    {"php", 3},
    {"openssl", 7}, {"server", 6},  {NULL, 0}};

const struct bounce_slice REPLY_UNITS[] = {{"mb", 2},       {"kb", 2},
                                           {"gb", 2},       {"mib", 3},
                                           {"kib", 3},      {"gib", 3},
                                           {"bytes", 5},    {"byte", 4},
                                           {"%", 1},        {"k", 1},
                                           {"m", 1},        {"messages", 8},
                                           {"message", 7},  {"recipients", 10},
                                           {"mails", 5},    {"emails", 6},
                                           {"seconds", 7},  {"minutes", 7},
                                           {"hours", 5},    {"days", 4},
                                           {"sec", 3},      {"times", 5},
                                           {"attempts", 8}, {"characters", 10},
                                           {"lines", 5},    {"connections", 11},
                                           {NULL, 0}};

const struct reply_stage_word REPLY_STAGE_WORDS[] = {
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
    {{NULL, 0}, BOUNCE_STAGE_NONE}};
