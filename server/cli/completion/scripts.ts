import type { Shell } from './answer.js';

/**
 * What shells run at a tab. They ask `odradek completion SHELL --line` for words, and evaluate
 * nothing of what it prints.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion of odradek; in ~/.bashrc: eval "$(odradek completion bash)"
_odradek() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      f) compopt -o default 2>/dev/null ;;
      w*) COMPREPLY+=("\${line#w}") ;;
    esac
  done < <(command odradek completion bash --line="\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -F _odradek odradek
`,
  zsh: `#compdef odradek
# zsh completion of odradek; in ~/.zshrc, behind compinit: eval "$(odradek completion zsh)"
_odradek() {
  local line files=0 found=1
  local -a values shown
  while IFS= read -r line; do
    case "$line" in
      f) files=1 ;;
      w*)
        line="\${line#w}"
        values+=("\${line%%$'\\t'*}")
        shown+=("\${line/$'\\t'/  -- }")
        ;;
    esac
  done < <(command odradek completion zsh --line="\${(j: :)words[1,CURRENT]}" 2>/dev/null)
  (( $#values )) && compadd -l -d shown -a values && found=0
  (( files )) && _files && found=0
  return found
}
if [ "$funcstack[1]" = _odradek ]; then
  _odradek "$@"
else
  compdef _odradek odradek
fi
`,
  fish: `# fish completion of odradek; odradek completion fish > ~/.config/fish/completions/odradek.fish
function __odradek_complete
    for line in (command odradek completion fish --line=(commandline -cp | string collect) 2>/dev/null)
        switch $line
            case f
                __fish_complete_path (commandline -ct)
            case 'w*'
                string sub -s 2 -- $line
        end
    end
end
complete -c odradek -f -a '(__odradek_complete)'
`,
};
