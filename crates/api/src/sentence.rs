//! One sentence about the faults of a form, for the person who filled it in.

use serde_json::Value;
use values::Issue;

use crate::language::Language;

/// Faults that a sentence names at most.
const NAMED_MAX: usize = 3;

/// What is wrong with the fields of a request, in one language.
pub(crate) fn sentence(issues: &[Issue], language: Language) -> String {
    let named: Vec<String> = issues.iter().take(NAMED_MAX).map(|it| one(it, language)).collect();
    match language {
        Language::English => named.join("; "),
        Language::Chinese => named.join("；"),
    }
}

fn one(issue: &Issue, language: Language) -> String {
    let field = issue.loc.iter().skip(1).filter_map(Value::as_str).next_back();
    match (language, field) {
        (Language::English, Some(field)) => format!("{field}: {}", issue.msg),
        (Language::English, None) => issue.msg.clone(),
        (Language::Chinese, Some(field)) => format!("{}：{}", name(field), reason(issue)),
        (Language::Chinese, None) => reason(issue),
    }
}

/// What a field is called in forms; its own name where no form has it.
fn name(field: &str) -> &str {
    match field {
        "content" => "內容",
        "description" => "說明",
        "email" => "電子郵件",
        "expires_at" => "到期時間",
        "file" => "檔案",
        "full_name" => "姓名",
        "name" => "名稱",
        "new_password" => "新密碼",
        "notes" => "備註",
        "old_password" => "目前的密碼",
        "password" => "密碼",
        "phone" => "電話",
        "roles" => "角色",
        "share_code" => "分享碼",
        "status" => "狀態",
        "tags" => "標籤",
        "token" => "連結",
        other => other,
    }
}

/// What is wrong, by the kind of the fault.
fn reason(issue: &Issue) -> String {
    let limit = |name: &str| {
        let limit = issue.ctx.as_ref().and_then(|ctx| ctx.get(name));
        limit.map(Value::to_string).unwrap_or_default()
    };
    match issue.kind {
        "missing" => "此欄位必填".to_owned(),
        "string_too_short" => format!("至少需要 {} 個字", limit("min_length")),
        "string_too_long" => format!("最多 {} 個字", limit("max_length")),
        "too_long" => format!("最多 {} 項", limit("max_length")),
        "string_type" => "必須是文字".to_owned(),
        "list_type" => "必須是清單".to_owned(),
        "bool_type" | "bool_parsing" => "必須是「是」或「否」".to_owned(),
        "int_type" | "int_parsing" => "必須是整數".to_owned(),
        "greater_than_equal" => format!("不可小於 {}", limit("ge")),
        "less_than_equal" => format!("不可大於 {}", limit("le")),
        "literal_error" | "enum" => "不是可用的選項".to_owned(),
        "uuid_type" | "uuid_parsing" => "不是有效的識別碼".to_owned(),
        kind if kind.starts_with("date") => "不是有效的日期或時間".to_owned(),
        _ => "格式不正確".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use values::Fault;

    use super::*;

    fn issue(field: &str, kind: &'static str, msg: &'static str, ctx: Value) -> Issue {
        let loc = vec![Value::from("body"), Value::from(field)];
        Fault::new(kind, msg).context(ctx).at(loc, Value::Null)
    }

    #[test]
    fn a_sentence_names_the_fields_and_what_is_wrong() {
        let issues = [
            issue("email", "value_error", "The email address is not valid.", json!({})),
            issue("name", "string_too_short", "Too short", json!({ "min_length": 1 })),
            issue("unknown", "missing", "Field required", json!({})),
            issue("fourth", "missing", "Field required", json!({})),
        ];
        let english = "email: The email address is not valid.; name: Too short; \
            unknown: Field required";
        assert_eq!(sentence(&issues, Language::English), english);
        let chinese = "電子郵件：格式不正確；名稱：至少需要 1 個字；unknown：此欄位必填";
        assert_eq!(sentence(&issues, Language::Chinese), chinese);
    }

    #[test]
    fn a_fault_of_the_whole_body_has_no_field() {
        let issue = Fault::new("json_invalid", "JSON decode error")
            .at(vec![Value::from("body"), Value::from(7)], json!({}));
        let issues = [issue];
        assert_eq!(sentence(&issues, Language::English), "JSON decode error");
        assert_eq!(sentence(&issues, Language::Chinese), "格式不正確");
    }
}
