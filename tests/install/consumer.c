/* A program outside the project, in C and in C++: it sees bounce.h alone. */
#include <bounce.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct bounce_engine *engine = NULL;
    struct bounce_reader *reader = NULL;
    const struct bounce_result *result = NULL;
    const struct bounce_event *event;
    struct bounce_reply reply;
    int fine;

    memset(&reply, 0, sizeof(reply));
    reply.size = sizeof(reply);
    reply.text.ptr = "550 5.1.1 User unknown";
    reply.text.len = strlen(reply.text.ptr);
    if (bounce_engine_new(NULL, &engine) != BOUNCE_OK ||
        bounce_reader_new(engine, &reader) != BOUNCE_OK ||
        bounce_classify(reader, &reply, &result, NULL) != BOUNCE_OK)
        return 1;
    event = bounce_result_event(result, 0);
    fine = event->cls == BOUNCE_CLASS_HARD &&
           strcmp(bounce_version(), BOUNCE_VERSION) == 0;
    printf("%.*s %s\n", (int)event->category.len, event->category.ptr,
           bounce_class_name(event->cls));
    bounce_reader_free(reader);
    bounce_engine_free(engine);
    return fine ? 0 : 1;
}
