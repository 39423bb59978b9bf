#!/bin/bash
# completion.sh PROGRAM: completes words as bash and zsh would.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$1
failures=0
. completions/bounce.bash

# completes WANT WORD...: the last word is the one to complete. WANT must be
# among the answers.
completes() {
    local want=$1
    shift
    COMP_WORDS=("$program" "$@")
    COMP_CWORD=$#
    _bounce
    case " ${COMPREPLY[*]} " in
    *" $want "*) ;;
    *)
        echo "bash: \"$*\" gives \"${COMPREPLY[*]}\", not $want" >&2
        failures=$((failures + 1))
        ;;
    esac
}
completes read re
completes --version --v
completes --trace read --tr
completes README.md read READ
completes sisimai read --labels sisi
completes sisimai,sparkpost classify --labels sisimai,spark
completes end-of-data classify --stage e
completes why rules w
completes sparkpost labels spark
completes "$("$program" rules list | head -n 1 | cut -f 1)" rules show ""

# Every option of every verb.
for verb in $("$program" --help | sed -n '/^verbs:/,/^options:/s/^  \([a-z]*\) .*/\1/p'); do
    completes "$verb" "$verb"
    for option in $("$program" "$verb" --help | grep -o '^  --[a-z-]*'); do
        completes "$option" "$verb" "$option"
        grep -qe "$option" completions/_bounce || {
            echo "zsh: $option is missing" >&2
            failures=$((failures + 1))
        }
    done
done

zsh -n completions/_bounce || failures=$((failures + 1))
# Tab pressed behind TYPED on a terminal of its own must show WANT.
zsh_completes() {
    local answer
    answer=$(timeout 60 zsh -f tests/docs/complete.zsh "$PWD/completions" \
        "$(dirname "$program")" "$2" "$1" 2>&1) || {
        echo "zsh: \"$2\" does not give $1: $answer" >&2
        failures=$((failures + 1))
    }
}
zsh_completes "bounce read" "bounce rea"
zsh_completes "--stage" "bounce classify --sta"
zsh_completes "sparkpost" "bounce labels spar"
exit $((failures > 0))
