/* SPDX-License-Identifier: MIT
 * An incident as JSON: the daemon's and the program's alike. */
#include "engine/json_write.h"
#include "store/incident.h"

void incident_json(struct json_writer *w, const struct list_incident *i)
{
    JSON_RAW(w, "\"id\":");
    json_string(w, i->id);
    JSON_KEY_STRING(w, "what", i->what);
    JSON_KEY_STRING(w, "dimension", i->dimension);
    JSON_KEY_STRING(w, "value", i->value.len > 0 ? i->value : SLICE_NULL);
    JSON_KEY_TIME(w, "since", i->since);
    JSON_KEY_TIME(w, "updated", i->updated);
    JSON_KEY_TIME(w, "until", i->until);
    JSON_RAW(w, ",\"open\":");
    json_tristate(w, i->until == BOUNCE_NO_TIME);
    JSON_KEY_STRING(w, "ended_by", i->ended_by);
    JSON_RAW(w, ",\"share\":");
    json_rate(w, i->share);
    JSON_RAW(w, ",\"usual_share\":");
    json_rate(w, i->usual);
    JSON_RAW(w, ",\"peak_share\":");
    json_rate(w, i->peak);
    JSON_RAW(w, ",\"failures\":");
    json_int(w, i->failures);
    JSON_RAW(w, ",\"results\":");
    json_int(w, i->results);
    JSON_RAW(w, ",\"window_hours\":");
    json_int(w, i->hours);
    JSON_KEY_WORD(w, "severity", i->severity);
    JSON_KEY_STRING(w, "category", i->category);
    JSON_KEY_WORD(w, "class", i->cls);
    JSON_KEY_STRING(w, "rule", i->rule);
    JSON_KEY_STRING(w, "remedy", i->remedy);
    JSON_RAW(w, ",\"samples\":");
    json_strings(w, i->samples, i->sample_count);
}
