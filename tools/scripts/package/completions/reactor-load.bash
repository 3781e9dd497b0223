# SPDX-License-Identifier: MIT
# bash completion for reactor-load
_reactor_load() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words
  case $previous in
    --protocol) mapfile -t COMPREPLY < <(compgen -W 'resp line raw' -- "$current") ;;
    --expect) mapfile -t COMPREPLY < <(compgen -W 'echo ceil any error exact: like: error:' -- "$current") ;;
    --host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current") ;;
    --json | --html | --compare)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      ;;
    --cacert | --cert | --key) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    --port | --uri | --sni | --clients | --depth | --requests | --time | --rate | --threads | --seed) ;;
    --warm-up | --check | --command | -[pcdntrP]) ;;
    *)
      if [[ $current == -* ]]; then
        words='--host --port --uri --cacert --cert --key --sni --clients --depth --requests --time --rate --protocol --expect --command'
        words+=' --threads --seed --warm-up --check --json --html --compare --quiet --keys --generators'
        words+=' --personas --help --version'
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
      else
        mapfile -t COMPREPLY < <(
          compgen -W 'ping echo ceil text' -- "$current"
          compgen -f -X '!*.toml' -- "$current"
          compgen -d -- "$current"
        )
        compopt -o filenames
      fi
      ;;
  esac
}
complete -F _reactor_load reactor-load
