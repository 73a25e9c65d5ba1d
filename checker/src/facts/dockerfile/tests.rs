//! What BuildKit accepts, refuses and means by it.

use super::*;

fn only(text: &str) -> InstructionKind {
    let file = parse("Dockerfile", &format!("FROM a\n{text}"));
    assert_eq!(file.errors, [], "{text}");
    assert_eq!(file.stages[0].instructions.len(), 1, "{text}: {:?}", file.stages[0].instructions);
    file.stages[0].instructions[0].kind.clone()
}

fn values(words: &[Spanned<String>]) -> Vec<&str> {
    words.iter().map(|word| word.value.as_str()).collect()
}

#[test]
fn continuations_fold_and_inner_comments_and_blank_lines_vanish() {
    let InstructionKind::Run(run) = only("RUN a \\\n  # comment\n\n  && b \\  \n  && c\n") else { panic!() };
    assert_eq!(
        run.command,
        Command::Shell(Spanned { value: "a   && b   && c".into(), span: Span::new(11, 45) })
    );
}

#[test]
fn a_doubled_escape_does_not_continue() {
    let file = parse("Dockerfile", "FROM a\nRUN echo \\\\\nRUN b\n");
    assert_eq!(file.stages[0].instructions.len(), 2);
}

#[test]
fn the_escape_directive_changes_the_continuation() {
    let file = parse("Dockerfile", "# escape=`\nFROM a\nRUN x `\n  y\nCOPY c:\\ d:\\\n");
    assert_eq!(file.escape, '`');
    assert_eq!(file.stages[0].instructions.len(), 2);
    assert_eq!(file.errors, []);
}

#[test]
fn directives_end_at_the_first_other_line() {
    let file = parse("Dockerfile", "# syntax=docker/dockerfile:1\n# a comment\n# escape=`\nFROM a\n");
    assert_eq!(file.syntax.map(|syntax| syntax.value).as_deref(), Some("docker/dockerfile:1"));
    assert_eq!(file.escape, '\\');
}

#[test]
fn every_form_of_heredoc_is_swallowed() {
    for text in [
        "RUN <<EOF\nFROM not an instruction\nEOF\n",
        "RUN cat > f <<'EOF'\nVOLUME /x\nEOF\n",
        "RUN cat > f << 'EOF'\nVOLUME /x\nEOF\n",
        "RUN cat <<-EOF > f && chmod +x f\n\tVOLUME /x\n\tEOF\n",
        "RUN <<A cat && <<B cat\nx\nA\ny\nB\n",
        "COPY <<one <<\"two\" /dir/\n1\none\n2\ntwo\n",
        "RUN python3 <<EOF\nprint(1 << 2)\nEOF\n",
    ] {
        only(text);
    }
}

#[test]
fn a_shift_in_arithmetic_is_no_heredoc() {
    let file = parse("Dockerfile", "FROM a\nRUN echo $(( 1 << 2 ))\nRUN b\n");
    assert_eq!(file.errors, []);
    assert_eq!(file.stages[0].instructions.len(), 2);
}

#[test]
fn an_open_heredoc_is_an_error_and_hides_nothing() {
    let file = parse("Dockerfile", "FROM a\nRUN <<EOF\necho\nVOLUME /data\n");
    assert!(file.errors[0].value.contains("EOF"));
    assert!(matches!(file.stages[0].instructions.last().unwrap().kind, InstructionKind::Volume(_)));
}

#[test]
fn copy_keeps_flags_sources_and_destination_apart() {
    let InstructionKind::Copy(copy) = only("COPY --from=build --chown=1:1 a b* dir/\n") else { panic!() };
    assert_eq!(copy.flag("from"), Some("build"));
    assert_eq!(values(&copy.sources), ["a", "b*"]);
    assert_eq!(copy.destination.value, "dir/");
    let InstructionKind::Copy(copy) = only("COPY [\"a b\", \"c\"]\n") else { panic!() };
    assert_eq!(values(&copy.sources), ["a b"]);
}

#[test]
fn empty_exec_forms_are_valid() {
    let InstructionKind::Entrypoint(Command::Exec(words, _)) = only("ENTRYPOINT []\n") else { panic!() };
    assert!(words.is_empty());
}

#[test]
fn single_quotes_make_an_array_a_shell_command() {
    let InstructionKind::Cmd(Command::Shell(text)) = only("CMD ['node', 'x.js']\n") else { panic!() };
    assert_eq!(text.value, "['node', 'x.js']");
}

#[test]
fn one_bad_instruction_never_hides_the_next() {
    let file = parse("Dockerfile", "FROM a\nFOO bar\nCOPY x\nVOLUME /data\nENV A\nUSER b\n");
    assert_eq!(file.errors.len(), 3, "{:?}", file.errors);
    assert_eq!(file.stages[0].instructions.len(), 2);
}

#[test]
fn stages_have_names_platforms_and_their_own_instructions() {
    let text = "ARG V=1\nFROM --platform=linux/amd64 node:$V AS Build\nRUN a\nfrom build\ncmd b\n";
    let file = parse("Dockerfile", text);
    assert_eq!(file.global_args[0].name.value, "V");
    assert_eq!(file.stages[0].name.as_ref().unwrap().value, "build");
    assert_eq!(file.stages[0].platform.as_ref().unwrap().value, "linux/amd64");
    assert_eq!(file.final_stage().unwrap().base.value, "build");
}

#[test]
fn env_has_both_forms() {
    let InstructionKind::Env(pairs) = only("ENV A=1 B=\"x y\" C=a\\ b\n") else { panic!() };
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| (name.value.as_str(), value.value.as_str())).collect();
    assert_eq!(pairs, [("A", "1"), ("B", "x y"), ("C", "a b")]);
    let InstructionKind::Env(pairs) = only("ENV PATH /a:$PATH\n") else { panic!() };
    assert_eq!(pairs[0].1.value, "/a:$PATH");
}

#[test]
fn healthcheck_takes_flags_a_command_or_none() {
    assert!(matches!(only("HEALTHCHECK NONE\n"), InstructionKind::Healthcheck(None)));
    let kind = only("HEALTHCHECK --interval=5s CMD curl -f localhost || exit 1\n");
    assert!(matches!(kind, InstructionKind::Healthcheck(Some(Command::Shell(_)))));
}

#[test]
fn onbuild_marks_its_argument() {
    let file = parse("Dockerfile", "FROM a\nONBUILD VOLUME /x\n");
    assert!(file.stages[0].instructions[0].onbuild);
}

#[test]
fn spans_point_into_the_file_with_windows_line_ends() {
    let text = "FROM a\r\nVOLUME [\"/data\"]\r\n";
    let file = parse("Dockerfile", text);
    let volume = &file.stages[0].instructions[0];
    assert_eq!(volume.span.of(text), "VOLUME [\"/data\"]");
    let InstructionKind::Volume(paths) = &volume.kind else { panic!() };
    assert_eq!(paths[0].span.of(text), "\"/data\"");
}

#[test]
fn dockerfile_names_are_recognised_and_lookalikes_are_not() {
    for name in [
        "Dockerfile",
        "a/dockerfile",
        "Dockerfile.worker",
        "web.Dockerfile",
        "Containerfile",
        "Dockerfile-api",
    ] {
        assert!(is_dockerfile_name(name), "{name}");
    }
    for name in
        ["Dockerfile.dockerignore", "docs/Dockerfile.md", "node_modules/x/Dockerfile", "dockerfiles.py"]
    {
        assert!(!is_dockerfile_name(name), "{name}");
    }
}
