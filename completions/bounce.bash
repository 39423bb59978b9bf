# Completion of bounce(1) for bash. Needs nothing but bash itself.

_bounce_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_bounce_files() {
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY=($(compgen -f -- "$cur"))
}

_bounce_folders() {
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY=($(compgen -d -- "$cur"))
}

# Names behind the last comma of a list.
_bounce_labels() {
    local done=
    case $cur in
    *,*) done=${cur%,*}, ;;
    esac
    COMPREPLY=($(compgen -P "$done" -W "$("$program" labels 2>/dev/null)" \
        -- "${cur##*,}"))
}

_bounce_policies() {
    _bounce_words "default mailgun marketo mailchimp strict"
    [ ${#COMPREPLY[@]} -gt 0 ] || _bounce_files
}

_bounce_value() {
    case $1 in
    --store | --address-key | --key | --verp-key) _bounce_files ;;
    --policy) _bounce_policies ;;
    --cause) _bounce_words "hard counted complaint unsubscribe manual" ;;
    --labels) _bounce_labels ;;
    --rules) _bounce_folders ;;
    --stage) _bounce_words "connect helo mail rcpt data end-of-data" ;;
    --from)
        case $verb in
        rules) _bounce_words "powermta kumomta zonemta" ;;
        import)
            _bounce_words "mailgun sendgrid ses postmark sparkpost mailchimp \
                brevo marketo bounce plain"
            ;;
        *) COMPREPLY=() ;;
        esac
        ;;
    --jobs) _bounce_words "1 2 4 8" ;;
    --host | --service | --provider | --below | --least | --now | --since | --engaged | \
        --until | --scope | --campaign | --ip | --reason | --consent | --where | \
        --verp-max-age | --max-age | --keep-raw | --keep-events | --id)
        COMPREPLY=()
        ;;
    *) return 1 ;;
    esac
}

_bounce() {
    local program=${COMP_WORDS[0]} verb=${COMP_WORDS[1]}
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local options store="--store --policy --address-key --hash-addresses \
        --hash-domains --now --help"

    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        _bounce_words "read classify explain codes labels rules learn ingest \
            import suppress release forget reclassify policy verp \
            --help --version"
        return
    fi
    case $verb in
    read) options="--json --table --labels --trace --rules --jobs --help" ;;
    classify) options="--json --labels --host --stage --service --rules --help" ;;
    explain) options="--service --provider --json --help" ;;
    codes) options="--json --table --help" ;;
    labels) options="--json --help" ;;
    rules) options="--rules --json --host --service --from --help" ;;
    learn) options="--below --least --rules --help" ;;
    ingest)
        options="--scope --campaign --ip --from --since --engaged --verp-key \
            --verp-max-age --keep-raw --keep-events --again --jobs --json \
            --rules $store"
        ;;
    import) options="--from --scope --skip-blocks --dry-run --json --rules $store" ;;
    suppress) options="--scope --reason --until --cause --json $store" ;;
    release)
        options="--scope --reason --consent --where --dry-run --json --csv \
            --table $store"
        ;;
    forget) options="--json $store" ;;
    reclassify) options="--dry-run --json --csv --table --rules $store" ;;
    policy) options="--json --csv --table $store" ;;
    verp) options="--key --id --max-age --json --now --help" ;;
    *) return ;;
    esac
    _bounce_value "$prev" && return
    case $cur in
    -*) _bounce_words "$options" && return ;;
    esac
    case $verb in
    read | explain | learn | import) _bounce_files ;;
    ingest)
        [ "$prev" != ingest ] || _bounce_words sent
        [ ${#COMPREPLY[@]} -gt 0 ] || _bounce_files
        ;;
    policy)
        case $prev in
        policy) _bounce_words "show check try" ;;
        *) _bounce_policies ;;
        esac
        ;;
    verp) [ "$prev" != verp ] || _bounce_words "key sign verify" ;;
    labels) _bounce_words "$("$program" labels 2>/dev/null)" ;;
    rules)
        case $prev in
        rules) _bounce_words "test list show why lint import" ;;
        show) _bounce_words "$("$program" rules list 2>/dev/null | cut -f 1)" ;;
        *) _bounce_files ;;
        esac
        ;;
    esac
}

complete -F _bounce bounce
