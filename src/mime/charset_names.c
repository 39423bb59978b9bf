/* SPDX-License-Identifier: MIT */
#include "mime/charset_names.h"

#include "mime/charset_tables.h"

#define MAX_NAME 40

struct alias {
    char name[MAX_NAME]; /* lower case, letters and digits alone */
    struct charset_entry entry;
};

#define KIND(name, kind)                                                       \
    {                                                                          \
        name,                                                                  \
        {                                                                      \
            CHARSET_##kind, NULL, 0                                            \
        }                                                                      \
    }
#define TABLE(name, table)                                                     \
    {                                                                          \
        name,                                                                  \
        {                                                                      \
            CHARSET_TABLE, charset_##table, 0                                  \
        }                                                                      \
    }
#define ICONV(name, which)                                                     \
    {                                                                          \
        name,                                                                  \
        {                                                                      \
            CHARSET_ICONV, NULL, CHARSET_##which                               \
        }                                                                      \
    }

/* In the order of strcmp(). ISO-8859-1 is read as Windows-1252, ISO-8859-9 as
 * Windows-1254 and TIS-620 as Windows-874, GB 2312 as GB 18030, as every
 * browser does: those who send them mean the larger ones. */
static const struct alias aliases[] = {
    TABLE("1250", windows_1250),
    TABLE("1251", windows_1251),
    TABLE("1252", windows_1252),
    TABLE("1253", windows_1253),
    TABLE("1254", windows_1254),
    TABLE("1255", windows_1255),
    TABLE("1256", windows_1256),
    TABLE("1257", windows_1257),
    TABLE("1258", windows_1258),
    TABLE("437", ibm437),
    ICONV("5601", UHC),
    ICONV("65000", UTF_7),
    KIND("65001", UTF_8),
    KIND("7bit", UNDECLARED),
    TABLE("850", ibm850),
    TABLE("852", ibm852),
    TABLE("855", ibm855),
    TABLE("857", ibm857),
    TABLE("862", ibm862),
    TABLE("866", ibm866),
    TABLE("874", windows_874),
    TABLE("88591", windows_1252),
    TABLE("88592", iso_8859_2),
    KIND("8bit", UNDECLARED),
    ICONV("932", SHIFT_JIS),
    ICONV("936", GB18030),
    ICONV("949", UHC),
    ICONV("950", BIG5),
    KIND("ansi", UNDECLARED),
    KIND("ansix341968", UNDECLARED),
    KIND("ansix341986", UNDECLARED),
    TABLE("arabic", iso_8859_6),
    KIND("ascii", UNDECLARED),
    TABLE("asmo708", iso_8859_6),
    ICONV("big5", BIG5),
    ICONV("big5eten", BIG5),
    ICONV("big5hkscs", BIG5),
    ICONV("big5tw", BIG5),
    KIND("binary", UNDECLARED),
    KIND("cesu8", UTF_8),
    ICONV("chinese", GB18030),
    ICONV("cnbig5", BIG5),
    ICONV("cngb", GB18030),
    TABLE("cp10000", macintosh),
    TABLE("cp10007", mac_cyrillic),
    ICONV("cp1200", UTF_16LE),
    ICONV("cp1201", UTF_16BE),
    TABLE("cp1250", windows_1250),
    TABLE("cp1251", windows_1251),
    TABLE("cp1252", windows_1252),
    TABLE("cp1253", windows_1253),
    TABLE("cp1254", windows_1254),
    TABLE("cp1255", windows_1255),
    TABLE("cp1256", windows_1256),
    TABLE("cp1257", windows_1257),
    TABLE("cp1258", windows_1258),
    ICONV("cp1361", JOHAB),
    KIND("cp367", UNDECLARED),
    TABLE("cp437", ibm437),
    KIND("cp50220", ISO_2022_JP),
    KIND("cp50221", ISO_2022_JP),
    KIND("cp50222", ISO_2022_JP),
    ICONV("cp51932", EUC_JP),
    ICONV("cp54936", GB18030),
    ICONV("cp65000", UTF_7),
    KIND("cp65001", UTF_8),
    TABLE("cp819", windows_1252),
    TABLE("cp850", ibm850),
    TABLE("cp852", ibm852),
    TABLE("cp855", ibm855),
    TABLE("cp857", ibm857),
    TABLE("cp858", ibm850),
    TABLE("cp862", ibm862),
    TABLE("cp866", ibm866),
    TABLE("cp874", windows_874),
    ICONV("cp932", SHIFT_JIS),
    ICONV("cp936", GB18030),
    ICONV("cp943", SHIFT_JIS),
    ICONV("cp949", UHC),
    ICONV("cp950", BIG5),
    ICONV("cseucpkdfmtjapanese", EUC_JP),
    ICONV("csiso58gb231280", GB18030),
    TABLE("csisolatin3", iso_8859_3),
    TABLE("csisolatin4", iso_8859_4),
    TABLE("csisolatin5", windows_1254),
    TABLE("csisolatin6", iso_8859_10),
    TABLE("csisolatin9", iso_8859_15),
    TABLE("csisolatinarabic", iso_8859_6),
    TABLE("csisolatincyrillic", iso_8859_5),
    TABLE("csisolatingreek", iso_8859_7),
    TABLE("csisolatinhebrew", iso_8859_8),
    TABLE("cspc8codepage437", ibm437),
    TABLE("cspcp852", ibm852),
    TABLE("cyrillic", iso_8859_5),
    KIND("default", UNDECLARED),
    TABLE("dos437", ibm437),
    TABLE("dos850", ibm850),
    TABLE("dos852", ibm852),
    TABLE("dos855", ibm855),
    TABLE("dos857", ibm857),
    TABLE("dos862", ibm862),
    TABLE("dos866", ibm866),
    TABLE("ecma114", iso_8859_6),
    TABLE("ecma118", iso_8859_7),
    TABLE("elot928", iso_8859_7),
    ICONV("euccn", GB18030),
    ICONV("eucj", EUC_JP),
    ICONV("eucjp", EUC_JP),
    ICONV("eucjpms", EUC_JP),
    ICONV("eucjpwin", EUC_JP),
    ICONV("eucko", UHC),
    ICONV("euckr", UHC),
    ICONV("euctw", EUC_TW),
    ICONV("extendedunixcodepackedformatforjapanese", EUC_JP),
    ICONV("gb", GB18030),
    ICONV("gb18030", GB18030),
    ICONV("gb180302000", GB18030),
    ICONV("gb2312", GB18030),
    ICONV("gb231280", GB18030),
    ICONV("gb2312simp", GB18030),
    ICONV("gbk", GB18030),
    ICONV("gbk2312", GB18030),
    TABLE("greek", iso_8859_7),
    TABLE("greek8", iso_8859_7),
    TABLE("hebrew", iso_8859_8),
    KIND("hz", HZ),
    KIND("hzgb2312", HZ),
    KIND("ibm367", UNDECLARED),
    TABLE("ibm437", ibm437),
    TABLE("ibm819", windows_1252),
    TABLE("ibm850", ibm850),
    TABLE("ibm852", ibm852),
    TABLE("ibm855", ibm855),
    TABLE("ibm857", ibm857),
    TABLE("ibm858", ibm850),
    TABLE("ibm862", ibm862),
    TABLE("ibm866", ibm866),
    ICONV("ibm943", SHIFT_JIS),
    KIND("iso10646ucs2", UTF_16),
    ICONV("iso10646ucs4", UTF_32),
    ICONV("iso2022cn", ISO_2022_CN),
    ICONV("iso2022cnext", ISO_2022_CN),
    KIND("iso2022jp", ISO_2022_JP),
    KIND("iso2022jp1", ISO_2022_JP),
    ICONV("iso2022jp2", ISO_2022_JP_2),
    ICONV("iso2022jp2004", ISO_2022_JP_3),
    ICONV("iso2022jp3", ISO_2022_JP_3),
    KIND("iso2022jpms", ISO_2022_JP),
    ICONV("iso2022kr", ISO_2022_KR),
    KIND("iso646", UNDECLARED),
    KIND("iso646irv1991", UNDECLARED),
    KIND("iso646us", UNDECLARED),
    TABLE("iso88591", windows_1252),
    TABLE("iso885910", iso_8859_10),
    TABLE("iso8859101992", iso_8859_10),
    TABLE("iso885911", windows_874),
    TABLE("iso8859112001", windows_874),
    TABLE("iso885911987", windows_1252),
    TABLE("iso885913", iso_8859_13),
    TABLE("iso885914", iso_8859_14),
    TABLE("iso885915", iso_8859_15),
    TABLE("iso8859151998", iso_8859_15),
    TABLE("iso885916", iso_8859_16),
    TABLE("iso88591windows30latin1", windows_1252),
    TABLE("iso88591windows31latin1", windows_1252),
    TABLE("iso88591x", windows_1252),
    TABLE("iso88592", iso_8859_2),
    TABLE("iso885921987", iso_8859_2),
    TABLE("iso88593", iso_8859_3),
    TABLE("iso885931988", iso_8859_3),
    TABLE("iso88594", iso_8859_4),
    TABLE("iso885941988", iso_8859_4),
    TABLE("iso88595", iso_8859_5),
    TABLE("iso885951988", iso_8859_5),
    TABLE("iso88596", iso_8859_6),
    TABLE("iso885961987", iso_8859_6),
    TABLE("iso88596e", iso_8859_6),
    TABLE("iso88596i", iso_8859_6),
    TABLE("iso88597", iso_8859_7),
    TABLE("iso885971987", iso_8859_7),
    TABLE("iso885972003", iso_8859_7),
    TABLE("iso88598", iso_8859_8),
    TABLE("iso885981988", iso_8859_8),
    TABLE("iso88598e", iso_8859_8),
    TABLE("iso88598i", iso_8859_8),
    TABLE("iso88599", windows_1254),
    TABLE("iso885991989", windows_1254),
    TABLE("isoceltic", iso_8859_14),
    TABLE("isoir100", windows_1252),
    TABLE("isoir101", iso_8859_2),
    TABLE("isoir109", iso_8859_3),
    TABLE("isoir110", iso_8859_4),
    TABLE("isoir126", iso_8859_7),
    TABLE("isoir127", iso_8859_6),
    TABLE("isoir138", iso_8859_8),
    TABLE("isoir144", iso_8859_5),
    TABLE("isoir148", windows_1254),
    ICONV("isoir149", UHC),
    TABLE("isoir157", iso_8859_10),
    TABLE("isoir166", windows_874),
    TABLE("isoir199", iso_8859_14),
    TABLE("isoir226", iso_8859_16),
    ICONV("isoir58", GB18030),
    KIND("isoir6", UNDECLARED),
    TABLE("isolatin1", windows_1252),
    TABLE("isolatin2", iso_8859_2),
    KIND("jis", ISO_2022_JP),
    KIND("jis7", ISO_2022_JP),
    ICONV("johab", JOHAB),
    TABLE("koi", koi8_r),
    TABLE("koi8", koi8_r),
    TABLE("koi8r", koi8_r),
    TABLE("koi8ru", koi8_u),
    TABLE("koi8u", koi8_u),
    TABLE("koi8unified", koi8_r),
    ICONV("korean", UHC),
    ICONV("ksc5601", UHC),
    ICONV("ksc56011987", UHC),
    ICONV("ksc56011989", UHC),
    ICONV("kscc5601", UHC),
    ICONV("ksx1001", UHC),
    TABLE("l1", windows_1252),
    TABLE("l10", iso_8859_16),
    TABLE("l2", iso_8859_2),
    TABLE("l3", iso_8859_3),
    TABLE("l4", iso_8859_4),
    TABLE("l5", windows_1254),
    TABLE("l6", iso_8859_10),
    TABLE("l7", iso_8859_13),
    TABLE("l8", iso_8859_14),
    TABLE("l9", iso_8859_15),
    TABLE("latin0", iso_8859_15),
    TABLE("latin1", windows_1252),
    TABLE("latin10", iso_8859_16),
    TABLE("latin2", iso_8859_2),
    TABLE("latin3", iso_8859_3),
    TABLE("latin4", iso_8859_4),
    TABLE("latin5", windows_1254),
    TABLE("latin6", iso_8859_10),
    TABLE("latin7", iso_8859_13),
    TABLE("latin8", iso_8859_14),
    TABLE("latin9", iso_8859_15),
    TABLE("logical", iso_8859_8),
    TABLE("mac", macintosh),
    TABLE("maccyrillic", mac_cyrillic),
    TABLE("macintosh", macintosh),
    TABLE("macroman", macintosh),
    TABLE("macukraine", mac_cyrillic),
    TABLE("macukrainian", mac_cyrillic),
    TABLE("ms1250", windows_1250),
    TABLE("ms1251", windows_1251),
    TABLE("ms1252", windows_1252),
    TABLE("ms1253", windows_1253),
    TABLE("ms1255", windows_1255),
    TABLE("ms1256", windows_1256),
    TABLE("ms1257", windows_1257),
    TABLE("ms1258", windows_1258),
    ICONV("ms1361", JOHAB),
    ICONV("ms932", SHIFT_JIS),
    ICONV("ms936", GB18030),
    ICONV("ms949", UHC),
    ICONV("ms950", BIG5),
    TABLE("msansi", windows_1252),
    TABLE("mscyrl", windows_1251),
    ICONV("mskanji", SHIFT_JIS),
    KIND("none", UNDECLARED),
    TABLE("pc850multilingual", ibm850),
    ICONV("shiftjis", SHIFT_JIS),
    ICONV("shiftjis2004", SHIFT_JIS),
    ICONV("shiftjisx0213", SHIFT_JIS),
    ICONV("sjis", SHIFT_JIS),
    ICONV("sjiswin", SHIFT_JIS),
    ICONV("tcvn", TCVN),
    ICONV("tcvn5712", TCVN),
    ICONV("tcvn57121", TCVN),
    ICONV("tcvn571211993", TCVN),
    TABLE("thai", windows_874),
    TABLE("tis620", windows_874),
    TABLE("tis6200", windows_874),
    TABLE("tis62025290", windows_874),
    TABLE("tis62025291", windows_874),
    KIND("ucs2", UTF_16),
    ICONV("ucs2be", UTF_16BE),
    ICONV("ucs2le", UTF_16LE),
    ICONV("ucs4", UTF_32),
    KIND("uft8", UTF_8),
    ICONV("uhc", UHC),
    ICONV("ujis", EUC_JP),
    KIND("unicode", UTF_16),
    ICONV("unicode11utf7", UTF_7),
    KIND("unicode11utf8", UTF_8),
    ICONV("unicode20utf7", UTF_7),
    KIND("unicode20utf8", UTF_8),
    ICONV("unicodebe", UTF_16BE),
    ICONV("unicodefffe", UTF_16BE),
    ICONV("unicodele", UTF_16LE),
    ICONV("unicodelittle", UTF_16LE),
    ICONV("unifiedhangulcode", UHC),
    KIND("unknown", UNDECLARED),
    KIND("unknown8bit", UNDECLARED),
    KIND("unspecified", UNDECLARED),
    KIND("us", UNDECLARED),
    KIND("usascii", UNDECLARED),
    KIND("utf", UTF_8),
    KIND("utf16", UTF_16),
    ICONV("utf16be", UTF_16BE),
    ICONV("utf16le", UTF_16LE),
    ICONV("utf32", UTF_32),
    ICONV("utf32be", UTF_32),
    ICONV("utf7", UTF_7),
    KIND("utf8", UTF_8),
    KIND("utf8mac", UTF_8),
    KIND("utf8mb4", UTF_8),
    KIND("utf8n", UTF_8),
    ICONV("viscii", VISCII),
    ICONV("viscii111", VISCII),
    TABLE("visual", iso_8859_8),
    TABLE("win1250", windows_1250),
    TABLE("win1251", windows_1251),
    TABLE("win1252", windows_1252),
    TABLE("win1253", windows_1253),
    TABLE("win1255", windows_1255),
    TABLE("win1256", windows_1256),
    TABLE("win1257", windows_1257),
    TABLE("win1258", windows_1258),
    TABLE("windows1250", windows_1250),
    TABLE("windows1251", windows_1251),
    TABLE("windows1252", windows_1252),
    TABLE("windows1253", windows_1253),
    TABLE("windows1254", windows_1254),
    TABLE("windows1255", windows_1255),
    TABLE("windows1256", windows_1256),
    TABLE("windows1257", windows_1257),
    TABLE("windows1258", windows_1258),
    ICONV("windows31j", SHIFT_JIS),
    KIND("windows50220", ISO_2022_JP),
    KIND("windows50221", ISO_2022_JP),
    KIND("windows50222", ISO_2022_JP),
    TABLE("windows874", windows_874),
    ICONV("windows932", SHIFT_JIS),
    ICONV("windows936", GB18030),
    ICONV("windows949", UHC),
    ICONV("windows950", BIG5),
    TABLE("xansi", windows_1252),
    KIND("xuserdefined", UNDECLARED),
    ICONV("xxbig5", BIG5),
};

#undef KIND
#undef TABLE
#undef ICONV

static const char *const iconv_names[CHARSET_ICONV_COUNT][2] = {
    [CHARSET_BIG5] = {"BIG5-HKSCS", "BIG5"},
    [CHARSET_EUC_JP] = {"EUC-JP-MS", "EUC-JP"},
    [CHARSET_EUC_TW] = {"EUC-TW", NULL},
    [CHARSET_GB18030] = {"GB18030", "GBK"},
    [CHARSET_ISO_2022_CN] = {"ISO-2022-CN-EXT", "ISO-2022-CN"},
    [CHARSET_ISO_2022_JP_2] = {"ISO-2022-JP-2", "ISO-2022-JP"},
    [CHARSET_ISO_2022_JP_3] = {"ISO-2022-JP-3", "ISO-2022-JP"},
    [CHARSET_ISO_2022_KR] = {"ISO-2022-KR", NULL},
    [CHARSET_JOHAB] = {"JOHAB", NULL},
    [CHARSET_SHIFT_JIS] = {"CP932", "SHIFT_JIS"},
    [CHARSET_TCVN] = {"TCVN", NULL},
    [CHARSET_UHC] = {"UHC", "EUC-KR"},
    [CHARSET_UTF_7] = {"UTF-7", NULL},
    [CHARSET_UTF_16BE] = {"UTF-16BE", NULL},
    [CHARSET_UTF_16LE] = {"UTF-16LE", NULL},
    [CHARSET_UTF_32] = {"UTF-32", NULL},
    [CHARSET_VISCII] = {"VISCII", NULL},
};

const char *const *charset_iconv_names(enum charset_iconv which)
{
    return iconv_names[which];
}

/* Mail writes "ISO_8859-1", "iso8859-1" and "ISO 8859-1" alike: only letters
 * and digits count. */
static size_t normalise(struct bounce_slice name, char out[MAX_NAME])
{
    size_t n = 0;

    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];

        if (!ascii_is_alnum(c))
            continue;
        if (n == MAX_NAME - 1)
            return 0;
        out[n++] = (char)ascii_lower(c);
    }
    out[n] = '\0';
    return n;
}

static bool find_alias(const char *name, struct charset_entry *entry_out)
{
    size_t low = 0, high = sizeof(aliases) / sizeof(*aliases);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, aliases[middle].name);

        if (order == 0) {
            *entry_out = aliases[middle].entry;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool charset_lookup(struct bounce_slice name, struct charset_entry *entry_out)
{
    static const struct charset_entry undeclared = {CHARSET_UNDECLARED, NULL,
                                                    0};
    static const struct charset_entry utf_8 = {CHARSET_UTF_8, NULL, 0};
    char plain[MAX_NAME];

    *entry_out = undeclared;
    if (slice_trim(name).len == 0 || slice_eq_nocase(name, SLICE("us-ascii")))
        return true;
    if (slice_eq_nocase(name, SLICE("utf-8"))) {
        *entry_out = utf_8;
        return true;
    }
    if (normalise(name, plain) == 0)
        return false;
    if (find_alias(plain, entry_out))
        return true;
    /* "x-sjis", "csISO2022JP": prefixes of private and of MIB names. */
    if (plain[0] == 'x')
        return find_alias(plain + 1, entry_out);
    return plain[0] == 'c' && plain[1] == 's' &&
           find_alias(plain + 2, entry_out);
}
