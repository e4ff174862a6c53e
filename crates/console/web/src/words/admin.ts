// Roles, accounts, keys and the audit log.

export const ADMIN = {
  role_viewer: ['Người xem', 'Viewer'],
  role_gate_operator: ['Bảo vệ trực cổng', 'Gate operator'],
  role_case_officer: ['Cán bộ xử lý', 'Case officer'],
  role_approver: ['Người phê duyệt', 'Approver'],
  role_auditor: ['Kiểm toán viên', 'Auditor'],
  role_system_admin: ['Quản trị hệ thống', 'System administrator'],
  role_security_admin: ['Quản trị an ninh', 'Security administrator'],
  open_hub: ['Máy chủ này không yêu cầu đăng nhập.', 'This hub asks for no login.'],
} as const;
