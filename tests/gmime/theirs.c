/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>

static void add_part(struct seen *seen, const char *place, GMimeObject *part);

static void add_text(struct seen *seen, const char *place, const char *what,
                     const char *text)
{
    seen_add(seen, place, what, text != NULL ? text : "",
             text != NULL ? strlen(text) : 0);
}

static void put_addresses(InternetAddressList *list, GString *out)
{
    for (int i = 0; list != NULL && i < internet_address_list_length(list);
         i++) {
        InternetAddress *one = internet_address_list_get_address(list, i);

        if (INTERNET_ADDRESS_IS_GROUP(one))
            put_addresses(
                internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one)),
                out);
        else if (INTERNET_ADDRESS_IS_MAILBOX(one))
            g_string_append_printf(out, "%s ",
                                   internet_address_mailbox_get_addr(
                                       INTERNET_ADDRESS_MAILBOX(one)));
    }
}

static void add_addresses(struct seen *seen, const char *place,
                          const char *what, InternetAddressList *list)
{
    GString *out = g_string_new("");

    put_addresses(list, out);
    seen_add(seen, place, what, out->str, out->len);
    g_string_free(out, TRUE);
}

static void add_data(struct seen *seen, const char *place, GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    GMimeStream *stream = g_mime_stream_mem_new();
    GByteArray *bytes =
        g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    if (content != NULL)
        g_mime_data_wrapper_write_to_stream(content, stream);
    seen_add(seen, place, "data",
             bytes->len > 0 ? (const void *)bytes->data : "", bytes->len);
    g_object_unref(stream);
}

static void add_message(struct seen *seen, const char *place,
                        GMimeMessage *message)
{
    GMimeObject *part = g_mime_message_get_mime_part(message);

    if (part != NULL)
        add_part(seen, place, part);
    add_text(seen, place, "subject", g_mime_message_get_subject(message));
    add_addresses(seen, place, "from", g_mime_message_get_from(message));
    add_addresses(seen, place, "to", g_mime_message_get_to(message));
}

/* Bounce makes text of HTML, which is another matter, and fields of headers. */
static bool is_data(GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);

    return g_mime_content_type_is_type(type, "text", "html") ||
           g_mime_content_type_is_type(type, "text", "rfc822-headers");
}

static void add_part(struct seen *seen, const char *place, GMimeObject *part)
{
    char child_place[128];
    char *type =
        g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));

    for (char *p = type; *p != '\0'; p++)
        *p = g_ascii_tolower(*p);
    add_text(seen, place, "type", type);
    g_free(type);
    if (strlen(place) > 100)
        return;
    if (GMIME_IS_TEXT_PART(part) && !is_data(part)) {
        char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
        add_text(seen, place, "text", text);
        g_free(text);
    } else if (GMIME_IS_PART(part)) {
        add_data(seen, place, GMIME_PART(part));
    } else if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *message =
            g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));

        snprintf(child_place, sizeof(child_place), "%.100s.1", place);
        if (message != NULL)
            add_message(seen, child_place, message);
    } else if (GMIME_IS_MULTIPART(part)) {
        int count = g_mime_multipart_get_count(GMIME_MULTIPART(part));

        for (int i = 0; i < count; i++) {
            snprintf(child_place, sizeof(child_place), "%.100s.%d", place,
                     i + 1);
            add_part(seen, child_place,
                     g_mime_multipart_get_part(GMIME_MULTIPART(part), i));
        }
    }
}

void seen_by_gmime(struct seen *seen, const char *data, size_t len)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message;

    g_mime_parser_set_format(parser, len > 5 && memcmp(data, "From ", 5) == 0
                                         ? GMIME_FORMAT_MBOX
                                         : GMIME_FORMAT_MESSAGE);
    message = g_mime_parser_construct_message(parser, NULL);
    if (message != NULL) {
        add_message(seen, "1", message);
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
}
