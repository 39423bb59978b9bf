# complete.zsh FUNCTIONS PROGRAMS TYPED WANT: presses Tab behind TYPED in a zsh
# on a terminal of its own; WANT must be among what it then shows.
zmodload zsh/zpty
zpty -b shell zsh -f -i
typeset out= chunk=
collect() { local i; for i in {1..40}; do while zpty -r -t shell chunk; do out+=$chunk; done; [[ $out == *$1* ]] && return 0; sleep 0.1; done; return 1 }
zpty -w shell "PS1= ; RPS1= ; fpath=($1 \$fpath); path=($2 \$path)"
zpty -w shell "autoload -U compinit; compinit -u -D; echo re''ady"
collect ready || { print -r -- "no shell: $out"; exit 1 }
out=
zpty -w -n shell "$3"$'\t'
collect "$4"
r=$?
print -r -- "$out"
zpty -d shell
exit $r
