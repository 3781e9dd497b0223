# SPDX-License-Identifier: MIT
# bash completion for reactord
_reactord() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  case $previous in
    --config | --take-over)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      ;;
    --reload) mapfile -t COMPREPLY < <(compgen -W "$(pgrep -x reactord)" -- "$current") ;;
    --listen) ;;
    *)
      local options='--config --listen --check-config --print-config --reload --take-over --help --version'
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
      ;;
  esac
}
complete -F _reactord reactord
